import { mkdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { ServiceHooks } from '../hooks.ts';
import type { WireHandler, WireRequest } from '../wire.ts';
import { listBuckets } from './buckets.ts';
import type { Checksum } from './checksums.ts';
import type { Encryption } from './encryption.ts';
import { newRequestId, notImplemented, S3Error, s3Error } from './errors.ts';
import { Exchange } from './exchange.ts';
import { applyRules, checkRules, type LifecycleOutcome } from './lifecycle.ts';
import { compareKeys } from './listing.ts';
import { bucketRoute, keyRoute, splitPath } from './router.ts';
import type { Bucket, BucketConfig, Store } from './store.ts';

export type { ChecksumAlgorithm, ChecksumType } from './checksums.ts';
export type { LifecycleRule } from './lifecycle.ts';
export type { BucketConfig } from './store.ts';

export interface S3Options extends ServiceHooks {
  readonly clock: Clock;
  /** Where bodies are kept as files. It's made if absent; its owner deletes it. Nothing in it outlives this S3. */
  readonly directory: string;
}

/** An object as a check sees it. */
export interface ObjectView {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum: Checksum | undefined;
  readonly encryption: Encryption;
}

/** An unfinished multipart upload as a check sees it. */
export interface UploadView {
  readonly key: string;
  readonly uploadId: string;
  readonly initiated: number;
  readonly parts: readonly { readonly number: number; readonly sizeBytes: number }[];
}

export interface EmbeddedS3 {
  readonly handle: WireHandler;
  /** @throws BucketNameTaken, LifecycleRuleInvalid */
  createBucket(config: BucketConfig): void;
  /** The configurations of all buckets, in the order of their creation. */
  buckets(): readonly BucketConfig[];
  /** In the order of their keys. @throws BucketUnknown */
  objects(bucket: string): readonly ObjectView[];
  /** @throws BucketUnknown */
  uploads(bucket: string): readonly UploadView[];
  /** Deletes what the lifecycle rules say is due at `now`, by bucket name. The owner of the clock calls it. */
  applyLifecycle(now: number): Promise<ReadonlyMap<string, LifecycleOutcome>>;
}

/** Bucket names are global over all regions. */
export class BucketNameTaken extends Error {
  override readonly name = 'BucketNameTaken';
}

export class BucketUnknown extends Error {
  override readonly name = 'BucketUnknown';
}

/** An S3 of all regions at once, with empty memory. Signatures are the front's business. */
export function createS3(options: S3Options): EmbeddedS3 {
  mkdirSync(options.directory, { recursive: true });
  const store: Store = { ...options, buckets: new Map() };
  return {
    handle: (wire, response) => handle(store, wire, response),
    createBucket: (config) => createBucket(store, config),
    buckets: () => [...store.buckets.values()].map(({ config }) => config),
    objects: (name) => viewObjects(bucketNamed(store, name)),
    uploads: (name) => viewUploads(bucketNamed(store, name)),
    async applyLifecycle(now) {
      const outcomes = new Map<string, LifecycleOutcome>();
      for (const [name, bucket] of store.buckets) outcomes.set(name, await applyRules(bucket, now));
      return outcomes;
    },
  };
}

function createBucket(store: Store, config: BucketConfig): void {
  if (store.buckets.has(config.name)) {
    throw new BucketNameTaken(`There is a bucket ${config.name} already; names are global over all regions.`);
  }
  checkRules(config.lifecycleRules ?? []);
  store.buckets.set(config.name, {
    config,
    created: store.clock.now(),
    objects: new Map(),
    uploads: new Map(),
    watched: new Map(),
  });
}

function bucketNamed(store: Store, name: string): Bucket {
  const bucket = store.buckets.get(name);
  if (bucket) return bucket;
  throw new BucketUnknown(
    `There is no bucket ${name}; there are ${[...store.buckets.keys()].join(', ') || 'none'}.`,
  );
}

function viewObjects(bucket: Bucket): readonly ObjectView[] {
  return [...bucket.objects.values()]
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ key, body, etag, lastModified, tags, metadata, checksum, encryption }) => ({
      key,
      sizeBytes: body.sizeBytes,
      etag,
      lastModified,
      tags: Object.fromEntries(tags),
      metadata,
      checksum,
      encryption,
    }));
}

function viewUploads(bucket: Bucket): readonly UploadView[] {
  return [...bucket.uploads.values()].map(({ key, id, initiated, parts }) => ({
    key,
    uploadId: id,
    initiated,
    parts: [...parts].map(([number, { file }]) => ({ number, sizeBytes: file.sizeBytes })),
  }));
}

async function handle(store: Store, wire: WireRequest, response: ServerResponse): Promise<void> {
  const requestId = newRequestId();
  let exchange = new Exchange(store, wire, response, 'Unknown', requestId);
  const named = (operation: string) => {
    exchange = new Exchange(store, wire, response, operation, requestId);
    return exchange;
  };
  try {
    await dispatch(store, wire, named);
  } catch (error) {
    if (response.headersSent || response.destroyed || wire.http.socket.destroyed) {
      // Half an answer can't be taken back, and a caller who went away gets none.
      response.destroy();
      return;
    }
    if (error instanceof S3Error) return exchange.answerError(error);
    console.error(`Embedded S3 failed in ${exchange.operation}:`, error);
    return exchange.answerError(s3Error('InternalError'));
  }
}

async function dispatch(
  store: Store,
  wire: WireRequest,
  named: (operation: string) => Exchange,
): Promise<void> {
  const { bucket: name, key } = splitPath(wire.path);
  if (name === '') {
    if (wire.method !== 'GET') throw notImplemented(`${wire.method} of the service`);
    return listBuckets(named('ListBuckets'));
  }
  const bucket = store.buckets.get(name);
  if (key === '') {
    if (wire.method === 'PUT' && !bucket) throw notImplemented('CreateBucket (buckets come from the stacks)');
    const route = bucketRoute(wire.method, wire.query);
    const exchange = named(route.operation);
    return route.run({ exchange, bucket: inRegion(bucket, name, wire.region) });
  }
  const route = keyRoute(wire.method, wire.query);
  const exchange = named(route.operation);
  return route.run({ exchange, bucket: inRegion(bucket, name, wire.region), key });
}

/**
 * A bucket answers only in its own region; elsewhere the caller learns which that is.
 * Source: Amazon S3 User Guide, "Making requests", request redirection and the REST API.
 */
function inRegion(bucket: Bucket | undefined, name: string, region: string): Bucket {
  if (!bucket) throw s3Error('NoSuchBucket', undefined, { BucketName: name });
  const home = bucket.config.region;
  if (home === region) return bucket;
  throw s3Error(
    'PermanentRedirect',
    undefined,
    { Endpoint: `s3.${home}.amazonaws.com`, Bucket: name },
    { 'x-amz-bucket-region': home },
  );
}
