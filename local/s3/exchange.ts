import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAccessDenied } from '../hooks.ts';
import type { WireRequest } from '../wire.ts';
import type { Encryption } from './encryption.ts';
import { S3Error, s3Error } from './errors.ts';
import type { Bucket, Store } from './store.ts';
import { writeDocument, writeError } from './xml.ts';

/** Bytes of a refused body that are still read: a part of the usual sizes, a fraction of a second on loopback. */
const LARGEST_DRAIN_BYTES = 64 * 1024 * 1024;

/** IAM condition keys that a request fills. */
export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>;

/** One request on its way to its answer. */
export class Exchange {
  readonly store: Store;
  readonly wire: WireRequest;
  readonly response: ServerResponse;
  readonly operation: string;
  readonly requestId: string;
  #faultAsked = false;

  constructor(
    store: Store,
    wire: WireRequest,
    response: ServerResponse,
    operation: string,
    requestId: string,
  ) {
    this.store = store;
    this.wire = wire;
    this.response = response;
    this.operation = operation;
    this.requestId = requestId;
  }

  /** A request header's value, or undefined. */
  header(name: string): string | undefined {
    const value = this.wire.http.headers[name];
    return value === undefined ? undefined : String(value);
  }

  /**
   * Asks the authorizer and, once a request, for an injected fault. `aws:SecureTransport` is not among the condition
   * keys: loopback has no TLS, so a policy that demands it can't be evaluated.
   */
  async permit(action: string, resource: string, context: ConditionKeys = {}): Promise<void> {
    const { region, accessKeyId } = this.wire;
    const call = { action, resource, region, accessKeyId, operation: this.operation, context };
    try {
      await this.store.authorize?.(call);
    } catch (error) {
      if (isAccessDenied(error)) throw s3Error('AccessDenied', error.message || undefined);
      throw error;
    }
    if (this.#faultAsked) return;
    this.#faultAsked = true;
    const fault = this.store.fault?.(call);
    if (fault) throw new S3Error(fault.code, fault.status, fault.message ?? 'Injected fault');
  }

  /** Whether the authorizer allows it; faults are not asked for. */
  async mayCall(action: string, resource: string): Promise<boolean> {
    const { region, accessKeyId } = this.wire;
    try {
      await this.store.authorize?.({ action, resource, region, accessKeyId, operation: this.operation });
      return true;
    } catch (error) {
      if (isAccessDenied(error)) return false;
      throw error;
    }
  }

  /** Answers without a body. */
  answerEmpty(status: number, headers: Readonly<Record<string, string | number>> = {}): void {
    this.#head(status, headers);
    this.response.end();
  }

  answerXml(
    root: string,
    content: Record<string, unknown>,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    const body = Buffer.from(writeDocument(root, content));
    this.#head(200, { ...headers, 'content-type': 'application/xml', 'content-length': body.length });
    this.response.end(body);
  }

  /** Sends the head of an answer whose body the caller streams. */
  answerHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    this.#head(status, headers);
  }

  /** Answers with the error; HEAD and 304 have no body, as on AWS, so the SDK sees only the status. */
  async answerError(error: S3Error): Promise<void> {
    const drained = await drain(this.wire.http);
    if (this.wire.http.socket.destroyed) return;
    const headers = { ...error.headers, ...(!drained && { connection: 'close' }) };
    if (this.wire.method === 'HEAD' || error.status === 304) {
      this.answerEmpty(error.status, headers);
      return;
    }
    const content = {
      Code: error.code,
      Message: error.message,
      ...error.details,
      Resource: this.wire.path,
      RequestId: this.requestId,
    };
    const body = Buffer.from(writeError(content));
    this.#head(error.status, {
      ...headers,
      'content-type': 'application/xml',
      'content-length': body.length,
    });
    this.response.end(body);
  }

  #head(status: number, headers: Readonly<Record<string, string | number>>): void {
    this.response.writeHead(status, {
      'x-amz-request-id': this.requestId,
      'x-amz-id-2': this.requestId,
      server: 'AmazonS3',
      ...headers,
    });
  }
}

/**
 * Reads and drops what is left of a body, so that a caller who is still sending gets to read the answer and keeps the
 * connection. False if there is too much left of it to wait for.
 */
function drain(http: IncomingMessage): Promise<boolean> {
  if (http.complete || http.destroyed) return Promise.resolve(http.complete);
  return new Promise((resolve) => {
    let leftBytes = LARGEST_DRAIN_BYTES;
    http.on('data', (chunk: Buffer) => {
      leftBytes -= chunk.length;
      if (leftBytes < 0) resolve(false);
    });
    http.once('end', () => resolve(true));
    http.once('close', () => resolve(http.complete));
    http.resume();
  });
}

/** A request to a bucket that exists in the caller's region. */
export interface BucketExchange {
  readonly exchange: Exchange;
  readonly bucket: Bucket;
}

/** A request to a key of such a bucket; an object of that key need not exist. */
export interface KeyExchange extends BucketExchange {
  readonly key: string;
}

export function bucketArn(bucket: Bucket): string {
  return `arn:aws:s3:::${bucket.config.name}`;
}

export function objectArn(bucket: Bucket, key: string): string {
  return `${bucketArn(bucket)}/${key}`;
}

/**
 * Asks for the KMS rights that an object's encryption needs; only where the key is named by ARN.
 * Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys", permissions.
 */
export async function permitKms(
  { exchange, bucket }: BucketExchange,
  encryption: Encryption,
  actions: readonly ('kms:Decrypt' | 'kms:GenerateDataKey')[],
): Promise<void> {
  if (encryption.algorithm !== 'aws:kms' || !encryption.kmsKeyId?.startsWith('arn:')) return;
  const context = { 'kms:ViaService': `s3.${bucket.config.region}.amazonaws.com` };
  for (const action of actions) await exchange.permit(action, encryption.kmsKeyId, context);
}
