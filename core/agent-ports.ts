import type { Readable } from 'node:stream';
import type {
  Closings,
  Describe,
  DiscardDueEvent,
  Discarded,
  Drain,
  Erased,
  ExportBegun,
  ExportFinished,
  Fence,
  HookName,
  ImportBeginRequest,
  ImportBegun,
  ImportPublished,
  Location,
  PartReceipt,
  Progress,
  Retention,
  Sealed,
  SubtaskRecord,
  SubtaskResult,
  Summary,
  Work,
} from '@tanker/contract/index.ts';

/**
 * What the agents need from outside: their providers, their bucket, the row and the token of their subtask. Every method
 * may be called twice.
 */

/** One provider at one location, for one company. */
export interface Provider {
  describe(signal?: AbortSignal): Promise<Describe>;
  summary(options: { digest: boolean }, signal?: AbortSignal): Promise<Summary>;
  drain(signal?: AbortSignal): Promise<Drain>;
  exportBegin(fence: Fence, grant: number, signal?: AbortSignal): Promise<ExportBegun>;
  /** The octets of a part as they come; destroying the stream ends the call. */
  exportPart(fence: Fence, session: string, part: number, signal?: AbortSignal): Promise<Readable>;
  exportFinish(fence: Fence, session: string, signal?: AbortSignal): Promise<ExportFinished>;
  exportRelease(fence: Fence, session: string, signal?: AbortSignal): Promise<void>;
  open(fence: Fence, signal?: AbortSignal): Promise<void>;
  importBegin(fence: Fence, manifest: ImportBeginRequest, signal?: AbortSignal): Promise<ImportBegun>;
  /** Streams a part of known length; fails if the body ends early. */
  importPart(
    fence: Fence,
    session: string,
    part: number,
    body: Readable,
    bytes: number,
    signal?: AbortSignal,
  ): Promise<PartReceipt>;
  importPublish(fence: Fence, session: string, signal?: AbortSignal): Promise<ImportPublished>;
  importAbort(fence: Fence, session: string, signal?: AbortSignal): Promise<void>;
  seal(fence: Fence, signal?: AbortSignal): Promise<Sealed>;
  fence(fence: Fence, signal?: AbortSignal): Promise<void>;
  erase(
    fence: Fence,
    order: { company: string; location: Location; version: number; reason: string },
    signal?: AbortSignal,
  ): Promise<Erased>;
  hook(
    fence: Fence,
    hook: HookName,
    order: { key: string; version: number },
    signal?: AbortSignal,
  ): Promise<boolean>;
}

/** One provider at one location, for whoever looks after the companies that are closed there. */
export interface ClosedCompanies {
  /** One page, in the order of the company ids; `after` is the `next` of the page before. */
  closings(after?: string): Promise<Closings>;
  /** Ends the company's closing if it is the one under this grant; never touches another one. */
  openExpired(company: string, fence: Fence, grant: number): Promise<void>;
}

/** An upload under way. Nothing is visible before complete; abort is always allowed. */
export interface Upload {
  /** Uploads the next S3 part; the parts are numbered in the order of these calls. The buffer is the caller's again afterwards. */
  part(number: number, body: Uint8Array, signal?: AbortSignal): Promise<void>;
  /**
   * Makes the object visible: refused (`ObjectExists`) if the key is there, or if size or CRC32 differ (`ChecksumMismatch`).
   * When the signal ends the wait, the object may be visible.
   */
  complete(expected: { bytes: number; crc32: string }, signal?: AbortSignal): Promise<StoredObject>;
  abort(signal?: AbortSignal): Promise<void>;
}

export interface StoredObject {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  /** S3's own full-object CRC32, base64. */
  readonly crc32: string;
}

/** The exports bucket of a datacenter. */
export interface Exports {
  /** Begins a multipart upload that can only create the key, never replace it; lifecycle removes it by its retention. */
  begin(key: string, retention: Retention, signal?: AbortSignal): Promise<Upload>;
  /** Writes a small object once (`ObjectExists` if the key is there). When the signal ends the wait, it may be there. */
  put(key: string, body: Uint8Array, retention: Retention, signal?: AbortSignal): Promise<StoredObject>;
  /** Reads an object whole, only if its ETag is still this one (`ChecksumMismatch` otherwise). */
  get(key: string, etag: string, signal?: AbortSignal): Promise<Readable>;
  /** What S3 itself says of an object: size, ETag, full-object CRC32. */
  head(key: string, signal?: AbortSignal): Promise<StoredObject>;
  /** Deletes the objects below a prefix and aborts its unfinished uploads. Answers how many of each. */
  discard(prefix: string, signal?: AbortSignal): Promise<{ objects: number; uploads: number }>;
}

/** The worker's side of its subtask row. Each write is refused (`SubtaskSuperseded`) unless this attempt is current. */
export interface WorkerSubtask {
  /** dispatched → running, once per attempt: a doubled delivery of the same attempt is refused. */
  begin(): Promise<void>;
  progress(progress: Progress): Promise<void>;
  /** Proves, right before an object becomes visible, that this attempt is still the one. */
  confirm(): Promise<void>;
  succeed(result: SubtaskResult, work: readonly Work[]): Promise<void>;
  fail(error: string, cause: string): Promise<void>;
}

/** The row of a subtask whose worker is gone. */
export interface LostSubtask {
  /** Any state before the settled ones → failed; a row that another attempt has, or that is settled, is left alone. */
  fail(error: string, cause: string): Promise<void>;
}

/** The state machine's side of a waiting task. `settled` means the token is closed: the worker stops. */
export interface TaskToken {
  heartbeat(): Promise<'alive' | 'settled'>;
  succeed(output: object): Promise<void>;
  fail(error: string, cause: string): Promise<void>;
}

/** The agent's side of a due date: it may say what it did, and nothing else. */
export interface DiscardDues {
  /** A due date that has gone meanwhile stays gone. */
  confirm(due: Pick<DiscardDueEvent, 'due' | 'at' | 'task'>, discarded: Discarded): Promise<void>;
}

/** A Fargate worker's side of the row that says who may be counted on, and of the subtask that it waits for. */
export interface WorkerRow {
  /** The subtask as dispatch wrote it last, or undefined before that. */
  subtask(): Promise<SubtaskRecord | undefined>;
  /** Whether the task is open under the worker's epoch and holder. */
  isTaskOpen(): Promise<boolean>;
  /** Says that the worker waits and may be counted on; repeated as its beat. */
  waiting(): Promise<void>;
  /** It has a subtask and waits for none any more. */
  taken(): Promise<void>;
  /** It stopped; one that had taken its subtask before is left as it was. */
  stopped(how: string): Promise<void>;
}
