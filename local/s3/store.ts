import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { ServiceHooks } from '../hooks.ts';
import { Body, type StoredFile } from './bodies.ts';
import type { Checksum, ChecksumAlgorithm, ChecksumType } from './checksums.ts';
import type { Encryption } from './encryption.ts';
import { s3Error } from './errors.ts';
import type { LifecycleRule } from './lifecycle.ts';

/** What a bucket is created with. Versioning, object lock and replication don't exist here. */
export interface BucketConfig {
  readonly region: string;
  readonly name: string;
  readonly lifecycleRules?: readonly LifecycleRule[];
  /** Default encryption of new objects; SSE-S3 (AES256) if absent, as on AWS since January 2023. */
  readonly encryption?: Encryption;
  /** Kept for inspection only: every request here is signed, so none is public. */
  readonly publicAccessBlock?: Readonly<Record<string, boolean>>;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What a request says about an object besides its bytes. */
export interface ObjectAttributes {
  /** `content-type` and its like, by lower-case header name. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata without its `x-amz-meta-` prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly encryption: Encryption;
}

export interface StoredObject extends ObjectAttributes {
  readonly key: string;
  readonly body: Body;
  /** Without quotes. */
  readonly etag: string;
  readonly lastModified: number;
  readonly checksum: Checksum | undefined;
  tags: ReadonlyMap<string, string>;
  /** Of the multipart upload that made it, so that a repeated Complete finds its own work. */
  readonly completion?: { readonly uploadId: string; readonly parts: string };
}

export interface StoredPart {
  readonly file: StoredFile;
  readonly etag: string;
  readonly lastModified: number;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined;
}

export interface Upload extends ObjectAttributes {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
  readonly parts: Map<number, StoredPart>;
}

export interface Bucket {
  readonly config: BucketConfig;
  readonly created: number;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  /** Deletions by key while a conditional write to that key is under way; no entry otherwise. */
  readonly watched: Map<string, { writers: number; deletions: number }>;
}

/** Everything this S3 holds; bucket names are global over all regions, as on AWS. */
export interface Store extends ServiceHooks {
  readonly clock: Clock;
  readonly directory: string;
  readonly buckets: Map<string, Bucket>;
}

/** Puts the object in its place; the one it replaces loses its bytes. */
export async function putObject(bucket: Bucket, object: StoredObject): Promise<void> {
  const replaced = bucket.objects.get(object.key);
  bucket.objects.set(object.key, object);
  await replaced?.body.remove();
}

/** Removes the object if there is one; without versioning nothing is left of it. */
export async function removeObject(bucket: Bucket, key: string): Promise<void> {
  const removed = bucket.objects.get(key);
  if (!removed) return;
  bucket.objects.delete(key);
  const watch = bucket.watched.get(key);
  if (watch) watch.deletions += 1;
  await removed.body.remove();
}

/** @throws NoSuchKey */
export function objectOf(bucket: Bucket, key: string): StoredObject {
  const object = bucket.objects.get(key);
  if (!object) throw s3Error('NoSuchKey', undefined, { Key: key });
  return object;
}

/** @throws NoSuchUpload also if the upload is of another key */
export function uploadOf(bucket: Bucket, key: string, id: string): Upload {
  const upload = bucket.uploads.get(id);
  if (upload?.key !== key) throw s3Error('NoSuchUpload', undefined, { UploadId: id });
  return upload;
}

/** Forgets the upload and deletes its parts. A part that is still being received finds no upload and goes too. */
export async function dropUpload(bucket: Bucket, upload: Upload): Promise<void> {
  bucket.uploads.delete(upload.id);
  await new Body([...upload.parts.values()].map((part) => part.file)).remove();
}

/** An ETag for bytes encrypted under KMS, which on AWS is no MD5 and differs between equal objects. */
export function opaqueEtag(): string {
  return randomBytes(16).toString('hex');
}
