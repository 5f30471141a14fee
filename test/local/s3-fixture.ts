import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import type { ServiceHooks } from '../../local/hooks.ts';
import { createS3, type EmbeddedS3 } from '../../local/s3/index.ts';
import { movableClock, serve } from './loopback.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface S3World {
  readonly s3: EmbeddedS3;
  readonly clock: ReturnType<typeof movableClock>;
  readonly client: S3Client;
  /** A client of another region. */
  readonly elsewhere: S3Client;
  readonly port: number;
  /** How many body files are on the disk. */
  files(): number;
  /** Sends a request that no SDK would send. */
  raw(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer | readonly Buffer[],
  ): Promise<RawAnswer>;
  close(): Promise<void>;
}

const ignore = () => undefined;

/** The SDK warns of each failed stream; here failures are what is tested. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A running S3 with the buckets `data` (lifecycle rules), `plain` and `sealed` (KMS), all in eu-central-1. */
export async function startS3(hooks: ServiceHooks = {}): Promise<S3World> {
  const directory = mkdtempSync(join(tmpdir(), 'tanker-s3-'));
  const clock = movableClock('2026-03-10T09:30:00Z');
  const s3 = createS3({ clock, directory, ...hooks });
  const region = 'eu-central-1';
  s3.createBucket({ region, name: 'plain' });
  s3.createBucket({
    region,
    name: 'sealed',
    encryption: { algorithm: 'aws:kms', kmsKeyId: 'arn:aws:kms:eu-central-1:1:key/a', bucketKey: true },
  });
  s3.createBucket({
    region,
    name: 'data',
    lifecycleRules: [
      { id: 'short', enabled: true, tags: { keep: 'day' }, expirationDays: 1 },
      { id: 'long', enabled: true, tags: { keep: 'month' }, expirationDays: 30 },
      { id: 'uploads', enabled: true, abortIncompleteMultipartUploadDays: 1 },
    ],
  });
  const loopback = await serve(s3.handle);
  const clientOf = (clientRegion: string) =>
    new S3Client({
      region: clientRegion,
      endpoint: loopback.endpoint,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
      maxAttempts: 1,
      logger: SILENT,
    });
  const client = clientOf(region);
  const elsewhere = clientOf('us-west-2');
  return {
    s3,
    clock,
    client,
    elsewhere,
    port: loopback.port,
    files: () => readdirSync(directory).length,
    raw: (method, path, headers, body) => send(loopback.port, method, path, headers, body),
    async close() {
      client.destroy();
      elsewhere.destroy();
      await loopback.close();
      rmSync(directory, { recursive: true });
    },
  };
}

function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Buffer | readonly Buffer[] = [],
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    call.on('error', reject);
    for (const piece of Array.isArray(body) ? body : [body]) call.write(piece);
    call.end();
  });
}

/** Reads an SDK body to its end. */
export async function bytesOf(
  body: { transformToByteArray(): Promise<Uint8Array> } | undefined,
): Promise<Buffer> {
  return Buffer.from((await body?.transformToByteArray()) ?? []);
}

/** CRC32 as `x-amz-checksum-crc32` carries it. */
export function crc32Base64(bytes: Buffer): string {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest.toString('base64');
}
