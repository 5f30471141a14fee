import { addAbortSignal, type Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { RETENTION_TAG, type Retention } from '@tanker/contract/index.ts';
import type { Exports, StoredObject } from '../../core/ports.ts';
import { crc32Base64 } from '../../core/transfer/crc32-base64.ts';
import { notDeleted, refusedRead, refusedWrite } from './s3-errors.ts';
import { s3Upload } from './s3-upload.ts';
import { endedBy, ownWrite, presetPayloadHash } from './s3-writes.ts';

/** What lifecycle acts on. The bucket's own default encrypts with its KMS key. */
const tagging = (retention: Retention): string => `${RETENTION_TAG}=${retention}`;

/** Core's Exports on one bucket; the client's region must be the bucket's. */
export function s3Exports(client: S3Client, bucket: string): Exports {
  const at = (key: string) => ({ Bucket: bucket, Key: key });
  const head = (key: string, signal?: AbortSignal) => headOf(client, bucket, key, signal);

  return {
    head,

    async begin(key, retention, signal) {
      const answer = await client.send(
        new CreateMultipartUploadCommand({
          ...at(key),
          ChecksumAlgorithm: 'CRC32',
          ChecksumType: 'FULL_OBJECT',
          ContentType: 'application/octet-stream',
          Tagging: tagging(retention),
        }),
        endedBy(signal),
      );
      if (!answer.UploadId) throw new Error('CreateMultipartUpload answered without an upload id.');
      return s3Upload(client, { bucket, key, uploadId: answer.UploadId, head });
    },

    async put(key, body, retention, signal) {
      const checksum = crc32Base64(crc32(body));
      const command = presetPayloadHash(
        new PutObjectCommand({
          ...at(key),
          Body: body,
          ContentLength: body.byteLength,
          ChecksumCRC32: checksum,
          IfNoneMatch: '*',
          Tagging: tagging(retention),
        }),
      );
      try {
        const answer = await client.send(command, endedBy(signal));
        return { key, etag: answer.ETag ?? '', bytes: body.byteLength, crc32: answer.ChecksumCRC32 ?? '' };
      } catch (error) {
        const expected = { bytes: body.byteLength, crc32: checksum };
        const own = await ownWrite(error, key, expected, (held) => head(held, signal));
        if (own) return own;
        throw refusedWrite(error, key);
      }
    },

    async get(key, etag, signal) {
      try {
        const answer = await client.send(
          new GetObjectCommand({ ...at(key), IfMatch: etag }),
          endedBy(signal),
        );
        const body = answer.Body as Readable;
        // The SDK lets go of the signal once the headers are there.
        return signal ? addAbortSignal(signal, body) : body;
      } catch (error) {
        throw refusedRead(error, key);
      }
    },

    async discard(prefix, signal) {
      // Uploads first: one that completed in between would leave an object that the listing had not seen.
      const below = { client, bucket, prefix, options: endedBy(signal) };
      const uploads = await abortUploads(below);
      return { objects: await deleteObjects(below), uploads };
    },
  };
}

async function headOf(
  client: S3Client,
  bucket: string,
  key: string,
  signal?: AbortSignal,
): Promise<StoredObject> {
  try {
    const answer = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      endedBy(signal),
    );
    return {
      key,
      etag: answer.ETag ?? '',
      bytes: answer.ContentLength ?? -1,
      crc32: answer.ChecksumType === 'COMPOSITE' ? '' : (answer.ChecksumCRC32 ?? ''),
    };
  } catch (error) {
    throw refusedRead(error, key);
  }
}

interface Below {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;
  readonly options: { readonly abortSignal?: AbortSignal };
}

async function abortUploads({ client, bucket, prefix, options }: Below): Promise<number> {
  let aborted = 0;
  let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...markers }),
      options,
    );
    for (const { Key, UploadId } of page.Uploads ?? []) {
      const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId });
      await client.send(abort, options).catch(unlessGone);
      aborted += 1;
    }
    if (!page.IsTruncated) return aborted;
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}

const unlessGone = (error: Error): void => {
  if (error.name !== 'NoSuchUpload') throw error;
};

/** A page of a listing is what one DeleteObjects takes: 1,000 keys. Deleted keys leave the listing, so it starts anew. */
async function deleteObjects({ client, bucket, prefix, options }: Below): Promise<number> {
  let deleted = 0;
  for (;;) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }), options);
    const keys = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (keys.length === 0) return deleted;
    const answer = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }),
      options,
    );
    const [refused] = answer.Errors ?? [];
    if (refused) {
      const which = `${answer.Errors?.length} of ${keys.length} objects below ${prefix}`;
      throw notDeleted(which, refused.Code ?? 'no reason given');
    }
    deleted += keys.length;
  }
}
