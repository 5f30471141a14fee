import { Readable } from 'node:stream';
import { importCompany } from '../../core/agent/import.ts';
import { s3Exports } from '../../lambdas/runtime/s3-exports.ts';
import type { FileInfo } from '../../providers/files/config.ts';
import { partHeader, recordHeader } from '../../providers/files/records.ts';
import { agentWorld, BUCKET, eventOf, THERE } from '../agent/agent-world.ts';
import { receiptOf } from '../support/memory-provider.ts';
import { staged } from './crm.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import { importing, KEY, ROW, session, type Target, unread } from './transfers.ts';
import type { Worlds } from './worlds.ts';

/** Lets S3 give other octets for the part than it has. */
const otherOctets = (_target: Target, { exports }: Target): undefined => {
  const get = exports.get.bind(exports);
  exports.get = (key, etag) =>
    key.includes('part') ? Promise.resolve(Readable.from([Buffer.from('x')])) : get(key, etag);
};

/** S3 as it refuses a call. */
const s3Refuses = (name: string, httpStatusCode: number) =>
  s3Exports(
    {
      send: () => Promise.reject(Object.assign(new Error(CANARY), { name, $metadata: { httpStatusCode } })),
    } as never,
    'bucket',
  );

const sending =
  (name: string, octets: Buffer, part = 0) =>
  async (worlds: Worlds) => {
    const { implementation, call, id } = await session(worlds, name);
    await implementation.importPart(call, { session: id, part }, Readable.from([octets]));
  };

const FILE: FileInfo = {
  path: 'a.txt',
  contentType: 'text/plain',
  bytes: ROW.length,
  sha256: receiptOf(0, ROW).sha256,
  createdAt: '2026-03-01T10:00:00.000Z',
};

/** A part as the manifest names it, with these files. */
async function sendingFiles(worlds: Worlds, name: string, files: readonly FileInfo[]): Promise<void> {
  const octets = Buffer.concat([partHeader(), ...files.flatMap((file) => [recordHeader(file), ROW])]);
  const { implementation, call, id } = await session(worlds, name, octets);
  await implementation.importPart(call, { session: id, part: 0 }, Readable.from([octets]));
}

export const CHECKSUMS = area({
  ChecksumMismatch: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'a part has no header of the format': {
          names: ['Part 0 of company headless', 'documents at eu/db1'],
          provoke: sending('headless', ROW),
        },
        'a part is not in the manifest': {
          names: ['Part 3 of company partless', 'documents at eu/db1'],
          provoke: sending('partless', ROW, 3),
        },
        'a part has other octets': {
          names: ['Part 0', 'documents at eu/db1', 'octets arrived of'],
          async provoke(worlds) {
            const { implementation, call, ...begun } = await unread(worlds, 'octets');
            const octets = await implementation.exportPart(call, { export: begun.export, part: 0 });
            const whole = Buffer.concat(await octets.toArray());
            await sending('octets-there', whole)(worlds);
          },
        },
        'a part has fewer rows than the manifest counts': {
          names: ['Part 0 of company short', 'crm at eu/db2', '1 rows arrived of 2'],
          provoke: (worlds) => staged(worlds, 'short', [{ rows: ['1\t@\tcanary\t30\t\\N'] }], 1),
        },
        'a file of a part is another than its header says': {
          names: ['Part 0', 'documents at eu/db1', 'checksum of its header'],
          provoke: (worlds) => sendingFiles(worlds, 'altered', [{ ...FILE, sha256: '0'.repeat(64) }]),
        },
        'a file is there twice': {
          names: ['Part 0', 'documents at eu/db1', 'twice'],
          provoke: (worlds) => sendingFiles(worlds, 'twice', [FILE, FILE]),
        },
      },
    },
    {
      file: 'lambdas/runtime/s3-errors.ts',
      reasons: {
        'the object on record is gone': {
          names: [KEY],
          provoke: () => s3Refuses('NoSuchKey', 404).get(KEY, 'e'),
        },
        'the object on record may not be read': {
          names: [KEY, 'AccessDenied'],
          provoke: () => s3Refuses('AccessDenied', 403).get(KEY, 'e'),
        },
        'the object is another one than on record': {
          names: [KEY, 'ETag'],
          provoke: () => s3Refuses('PreconditionFailed', 412).get(KEY, 'e'),
        },
        'S3 has received other bytes': {
          names: [KEY, 'BadDigest'],
          provoke: () => s3Refuses('BadDigest', 400).put(KEY, ROW, 'transfer'),
        },
      },
    },
    {
      file: 'core/transfer/import-part.ts',
      reasons: {
        'S3 gives other bytes': {
          names: ['part-00000', 'In the stream', '1 bytes'],
          provoke: importing(otherOctets),
        },
        'the provider has received other bytes': {
          names: ['part-00000', 'At the provider', '2 bytes'],
          provoke: importing(({ provider }) => {
            provider.received = (told) => ({ ...told, bytes: 2 });
          }),
        },
        'the provider counts other rows': {
          names: ['part-00000', '5 rows'],
          provoke: importing(({ provider }) => {
            provider.received = (told) => ({ ...told, rows: 5 });
          }),
        },
      },
    },
    {
      file: 'core/transfer/manifests.ts',
      reasons: {
        'the manifest has another checksum than on record': {
          names: ['manifest.json', 'SHA-256'],
          provoke: importing(() => ({ sha256: '0'.repeat(64) })),
        },
        'the object on record is no manifest': {
          names: ['part-00000', 'no manifest'],
          async provoke() {
            const world = agentWorld();
            const { etag } = await world.exports.put(KEY, ROW);
            const manifest = { ...BUCKET, key: KEY, etag, sha256: receiptOf(0, ROW).sha256 };
            await world.run(importCompany, eventOf('import', { location: THERE, manifest }));
          },
        },
      },
    },
  ],
  ObjectExists: [
    {
      file: 'lambdas/runtime/s3-errors.ts',
      reasons: {
        'somebody else has written the object': {
          names: [KEY, '412'],
          provoke: () => s3Refuses('PreconditionFailed', 412).put(KEY, ROW, 'transfer'),
        },
      },
    },
  ],
});
