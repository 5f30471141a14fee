import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { StoredObject, Upload } from '../../core/ports.ts';
import { crc32Base64 } from '../../core/transfer/crc32-base64.ts';
import { refusedWrite } from './s3-errors.ts';
import { endedBy, ownWrite, presetPayloadHash } from './s3-writes.ts';

interface UploadAt {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly head: (key: string, signal?: AbortSignal) => Promise<StoredObject>;
}

/** A multipart upload whose parts carry a CRC32 that was computed here, once; S3 checks it and the whole object's. */
export function s3Upload(client: S3Client, { bucket, key, uploadId, head }: UploadAt): Upload {
  const upload = { Bucket: bucket, Key: key, UploadId: uploadId };
  const parts: CompletedPart[] = [];
  return {
    async part(number, body, signal) {
      const checksum = crc32Base64(crc32(body));
      const command = presetPayloadHash(
        new UploadPartCommand({
          ...upload,
          PartNumber: number,
          Body: body,
          ContentLength: body.byteLength,
          ChecksumCRC32: checksum,
        }),
      );
      try {
        const answer = await client.send(command, endedBy(signal));
        parts.push({ PartNumber: number, ETag: answer.ETag, ChecksumCRC32: checksum });
      } catch (error) {
        throw refusedWrite(error, key);
      }
    },

    async complete(expected, signal) {
      try {
        const answer = await client.send(
          new CompleteMultipartUploadCommand({
            ...upload,
            MultipartUpload: { Parts: parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) },
            IfNoneMatch: '*',
            MpuObjectSize: expected.bytes,
            ChecksumCRC32: expected.crc32,
            ChecksumType: 'FULL_OBJECT',
          }),
          endedBy(signal),
        );
        return { key, etag: answer.ETag ?? '', bytes: expected.bytes, crc32: answer.ChecksumCRC32 ?? '' };
      } catch (error) {
        const own = await ownWrite(error, key, expected, (held) => head(held, signal));
        if (own) return own;
        throw refusedWrite(error, key);
      }
    },

    async abort(signal) {
      try {
        await client.send(new AbortMultipartUploadCommand(upload), endedBy(signal));
      } catch (error) {
        if ((error as Error).name !== 'NoSuchUpload') throw error;
      }
    },
  };
}
