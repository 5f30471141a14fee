import type { Readable } from 'node:stream';
import type {
  Closings,
  Describe,
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
  Sealed,
  Summary,
} from '@tanker/contract/index.ts';

/** A call as a provider sees it: already authenticated and checked against the contract's schemas. */
export interface ProviderCall {
  readonly location: Location;
  /** Aborted when the client is gone: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}
export interface CompanyCall extends ProviderCall {
  readonly company: string;
}
export interface FencedCall extends CompanyCall {
  readonly fence: Fence;
}

/**
 * What a provider team writes; `serveProvider` puts it on the wire. A refusal is a thrown TankerError with one of the
 * contract's names; anything else thrown is answered as InternalFailure without its message. Every method may be
 * called twice; PROVIDER_OPERATIONS says what a repeat means. A location that isn't this provider's: ResourceUnknown.
 */
export interface ProviderImplementation {
  describe(call: ProviderCall): Promise<Describe>;
  summary(call: CompanyCall, query: { readonly digest: boolean }): Promise<Summary>;
  drain(call: CompanyCall): Promise<Drain>;
  /** At most CLOSINGS_PAGE companies, in the order of their ids, from the first after `after`. */
  closings(call: ProviderCall, query: { readonly after?: string }): Promise<Closings>;
  exportBegin(call: FencedCall, request: { readonly grant: number }): Promise<ExportBegun>;
  /** The part's octets. The stream is destroyed when the client goes away before its end. */
  exportPart(call: FencedCall, at: { readonly export: string; readonly part: number }): Promise<Readable>;
  exportFinish(call: FencedCall, at: { readonly export: string }): Promise<ExportFinished>;
  exportRelease(call: FencedCall, at: { readonly export: string }): Promise<void>;
  /** With a grant, only the closing under that grant ends, and nothing is touched when there is none. */
  open(call: FencedCall, request: { readonly grant?: number }): Promise<void>;
  /** `published` for a session that was published before: its parts are not sent again. */
  importBegin(call: FencedCall, manifest: ImportBeginRequest): Promise<ImportBegun>;
  /** `body` fails when the client ends before the part's end. It need not be read to its end by a refusal. */
  importPart(
    call: FencedCall,
    at: { readonly session: string; readonly part: number },
    body: Readable,
  ): Promise<PartReceipt>;
  importPublish(call: FencedCall, at: { readonly session: string }): Promise<ImportPublished>;
  importAbort(call: FencedCall, at: { readonly session: string }): Promise<void>;
  seal(call: FencedCall): Promise<Sealed>;
  fence(call: FencedCall): Promise<void>;
  erase(call: FencedCall, order: { readonly version: number; readonly reason: string }): Promise<Erased>;
  /** Whether it ran now: a key that ran before is not run again. */
  hook(
    call: FencedCall,
    hook: { readonly name: HookName; readonly key: string; readonly version: number },
  ): Promise<boolean>;
}
