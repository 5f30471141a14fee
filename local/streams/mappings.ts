import type { Clock } from '../clock.ts';
import type { StreamRecord, TableStream } from '../dynamodb/stream.ts';
import type { RoleCall } from '../hooks.ts';
import { type InvokeResult, SYNC_PAYLOAD_LIMIT_BYTES } from '../lambda/definition.ts';
import type { Invoke } from '../lambda/invoke.ts';
import { failedFrom } from './batch-answer.ts';
import { failureRecord, type GivenUp, type Tries } from './failure-record.ts';
import { STREAM_ACTIONS, type StreamMapping } from './mapping.ts';

/** How long a stream keeps a record. Source: DynamoDB Developer Guide, "Change data capture for DynamoDB Streams". */
const RETENTION_SECONDS = 86_400;

/** First wait before a batch is tried again, doubling. AWS publishes no figures. */
const BACKOFF_MS = { first: 1_000, longest: 60_000 };

export interface MappingPorts {
  readonly clock: Clock;
  readonly invoke: Invoke;
  /** @throws AccessDenied */
  authorizeRole(roleArn: string, call: RoleCall): void;
  sendToQueue(queueArn: string, body: string): void;
  log(line: string): void;
}

export interface Mappings {
  /** Begins to read; what is written from now on is handed to the function. */
  add(mapping: StreamMapping, stream: TableStream): void;
  /** Records read and neither handed over nor given up. */
  pending(): number;
  stop(): void;
}

/** Lambda's readers of streams, one for each mapping: a shard's batches one after the other. */
export function createMappings(ports: MappingPorts): Mappings {
  const readers: Reader[] = [];
  return {
    add(mapping, stream) {
      const reader = new Reader(mapping, ports);
      readers.push(reader);
      stream.listen((record) => reader.take(record));
    },
    pending: () => readers.reduce((sum, reader) => sum + reader.pending, 0),
    stop() {
      for (const reader of readers) reader.stop();
    },
  };
}

/** How one try of a batch ended. */
interface Try {
  /** The place from which on it has to be tried again; undefined when it is done. */
  readonly failedAt: number | undefined;
  /** Absent when the function did not run: throttled, or not allowed to be read for. That is no try. */
  readonly result?: InvokeResult;
}

class Reader {
  readonly #mapping: StreamMapping;
  readonly #ports: MappingPorts;
  readonly #waiting: StreamRecord[] = [];
  #underWay = 0;
  #reading = false;
  #stopped = false;
  #cancelWait: (() => void) | undefined;

  constructor(mapping: StreamMapping, ports: MappingPorts) {
    this.#mapping = mapping;
    this.#ports = ports;
  }

  get pending(): number {
    return this.#waiting.length + this.#underWay;
  }

  take(record: StreamRecord): void {
    const { filters } = this.#mapping;
    if (this.#stopped || (filters.length > 0 && !filters.some((matches) => matches(record)))) return;
    this.#waiting.push(record);
    if (this.#reading) return;
    this.#reading = true;
    // The writer gets its answer first.
    setImmediate(() => void this.#read());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelWait?.();
  }

  async #read(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stopped) {
      const batch = this.#nextBatch();
      this.#underWay = batch.length;
      await this.#process(batch);
      this.#underWay = 0;
    }
    this.#reading = false;
  }

  /** At most the batch size, and what a synchronous invocation takes. */
  #nextBatch(): StreamRecord[] {
    const batch: StreamRecord[] = [];
    let bytes = Buffer.byteLength(payloadOf([]));
    for (const record of this.#waiting.slice(0, this.#mapping.batchSize)) {
      bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
      if (batch.length > 0 && bytes > SYNC_PAYLOAD_LIMIT_BYTES) break;
      batch.push(record);
    }
    this.#waiting.splice(0, batch.length);
    return batch;
  }

  /**
   * Hands a batch over until it is done or given up. A half of it, and what a partial answer leaves of it, count their
   * own tries (recorded: with 3 retries a record that failed within a batch was tried 4 times alone after it).
   */
  async #process(batch: readonly StreamRecord[]): Promise<void> {
    let left = batch;
    let invocations = 0;
    let last: InvokeResult | undefined;
    let waitMs = BACKOFF_MS.first;
    while (!this.#stopped) {
      left = this.#withoutOld(left, { invocations, result: last });
      if (left.length === 0) return;
      const { failedAt, result } = await this.#try(left);
      if (failedAt === undefined) return;
      last = result ?? last;
      if (failedAt > 0) {
        left = left.slice(failedAt);
        invocations = 0;
        waitMs = BACKOFF_MS.first;
      } else if (result) {
        if (result.functionError !== undefined && this.#mapping.bisects && left.length > 1) {
          const middle = Math.ceil(left.length / 2);
          await this.#process(left.slice(0, middle));
          return this.#process(left.slice(middle));
        }
        invocations += 1;
        if (invocations > (this.#mapping.maximumRetryAttempts ?? Number.POSITIVE_INFINITY)) {
          return this.#giveUp(left, 'RetryAttemptsExhausted', { invocations, result });
        }
      }
      await this.#wait(waitMs);
      waitMs = Math.min(waitMs * 2, BACKOFF_MS.longest);
    }
  }

  async #try(batch: readonly StreamRecord[]): Promise<Try> {
    const { functionArn, region, roleArn, streamArn, reportsFailures } = this.#mapping;
    try {
      for (const operation of STREAM_ACTIONS) {
        this.#ports.authorizeRole(roleArn, {
          action: `dynamodb:${operation}`,
          resource: streamArn,
          region,
          operation,
        });
      }
      const result = await this.#ports.invoke({
        region,
        functionName: functionArn,
        payload: payloadOf(batch),
      });
      if (result.functionError !== undefined) return { failedAt: 0, result };
      return { failedAt: reportsFailures ? failedFrom(batch, result.payload) : undefined, result };
    } catch (error) {
      if (!this.#stopped) {
        this.#ports.log(
          `A batch of ${streamArn} was not handed to ${functionArn}: ${(error as Error).message}`,
        );
      }
      return { failedAt: 0 };
    }
  }

  /** The records that are young enough; the others are given up. */
  #withoutOld(batch: readonly StreamRecord[], tries: Tries): readonly StreamRecord[] {
    const limit = this.#mapping.maximumRecordAgeSeconds ?? RETENTION_SECONDS;
    const oldest = this.#ports.clock.now() / 1000 - limit;
    const young = batch.findIndex(({ dynamodb }) => dynamodb.ApproximateCreationDateTime >= oldest);
    const count = young < 0 ? batch.length : young;
    if (count > 0) this.#giveUp(batch.slice(0, count), 'RecordAgeExceeded', tries);
    return batch.slice(count);
  }

  #giveUp(batch: readonly StreamRecord[], condition: GivenUp, tries: Tries): void {
    const { functionArn, onFailure, region, roleArn, streamArn } = this.#mapping;
    this.#ports.log(`${batch.length} records of ${streamArn} were given up for ${functionArn}: ${condition}`);
    if (onFailure === undefined) return;
    const call = { action: 'sqs:SendMessage', resource: onFailure, region, operation: 'SendMessage' };
    try {
      this.#ports.authorizeRole(roleArn, call);
      const now = this.#ports.clock.now();
      this.#ports.sendToQueue(onFailure, failureRecord(this.#mapping, batch, condition, tries, now));
    } catch (error) {
      this.#ports.log(`${onFailure} was not told: ${(error as Error).message}`);
    }
  }

  #wait(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(milliseconds, resolve);
      this.#cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }
}

const payloadOf = (batch: readonly StreamRecord[]): string => JSON.stringify({ Records: batch });
