import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ImportBeginRequest } from '@tanker/contract/index.ts';
import { createFilesProvider, FileStore, type FilesProvider } from '../../providers/files/index.ts';
import { ProviderCaller } from '../../sdk/conformance/caller.ts';
import { serveProvider } from '../../sdk/index.ts';

const token = 'a-token-for-tests-only';
const text = { contentType: 'text/plain' };

let root: string;
let store: FileStore;
let provider: FilesProvider;
let running: { url: string; close(): Promise<void> };
let hook: (context: { signal: AbortSignal }) => Promise<void> | undefined;

const start = async () => {
  provider = createFilesProvider({
    name: 'documents',
    datacenter: 'eu',
    servers: { db1: { directory: join(root, 'db1') }, db2: { directory: join(root, 'db2') } },
    hooks: { 'after-restore': async (context) => hook(context) },
  });
  await provider.install('db1');
  running = await serveProvider({ implementation: provider.implementation, tokens: [token] }).listen();
};
beforeEach(async () => {
  hook = () => undefined;
  root = mkdtempSync(join(tmpdir(), 'tanker-files-'));
  store = new FileStore(join(root, 'db1'));
  await start();
});
afterEach(async () => {
  await running.close();
  provider.close();
  store.close();
  rmSync(root, { recursive: true });
});

const at = async (server: string, epoch = 1) => {
  const fence = { task: 't', epoch, holder: `t/e${epoch}`, incarnation: 'none' };
  const caller = new ProviderCaller({
    url: running.url,
    token,
    datacenter: 'eu',
    server,
    company: 'acme',
    fence,
  });
  return caller.as({ incarnation: (await caller.describe()).incarnation });
};
const blobs = (server: string): string[] => {
  const directory = join(root, server, 'acme');
  return existsSync(directory) ? readdirSync(directory) : [];
};
const contentOf = async (from: FileStore, path: string): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of from.read('acme', path)?.content ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

/** Puts something in a blob's place that can't be removed as a file. */
const makeStubborn = (server: string, blob: string) => {
  const path = join(root, server, 'acme', blob);
  rmSync(path);
  mkdirSync(path);
};

describe('a store of files', () => {
  test('keeps what was put, replaces it, removes it, and leaves no blob of the past', async () => {
    await store.put('acme', [{ ...text, path: 'a/ü.txt', content: Buffer.from('one') }]);
    await store.put('acme', [
      { ...text, path: 'a/ü.txt', content: Buffer.from('two'), createdAt: new Date(0) },
    ]);
    expect(store.list('acme', 10)).toMatchObject([
      { path: 'a/ü.txt', bytes: 3, createdAt: new Date(0).toISOString() },
    ]);
    expect(await contentOf(store, 'a/ü.txt')).toBe('two');
    expect(blobs('db1')).toHaveLength(1);
    expect(await store.remove('acme', 'a/ü.txt')).toBe(true);
    expect(await store.remove('acme', 'a/ü.txt')).toBe(false);
    expect([store.list('acme', 10), blobs('db1')]).toEqual([[], []]);
  });

  test('keeps and answers a change whose former content can’t be removed, and removes that later', async () => {
    const put = (content: string) =>
      store.put('acme', [{ ...text, path: 'a', content: Buffer.from(content) }]);
    await put('one');
    const [former] = blobs('db1') as [string];
    makeStubborn('db1', former);
    expect(await put('two')).toMatchObject([{ bytes: 3 }]);
    expect(await contentOf(store, 'a')).toBe('two');
    expect(await store.remove('acme', 'a')).toBe(true);
    rmSync(join(root, 'db1', 'acme', former), { recursive: true });
    await put('three');
    expect([await contentOf(store, 'a'), blobs('db1').length]).toEqual(['three', 1]);
  });

  test('takes several files or none of them', async () => {
    const failing = async function* () {
      yield Buffer.from('half');
      throw new Error('the upload broke off');
    };
    const files = [
      { ...text, path: 'whole', content: Buffer.from('x') },
      { ...text, path: 'half', content: failing() },
    ];
    await expect(store.put('acme', files)).rejects.toThrow('broke off');
    expect([store.list('acme', 10), blobs('db1')]).toEqual([[], []]);
  });

  test('refuses paths with control characters and companies that are no ids', async () => {
    const content = Buffer.from('x');
    await expect(store.put('acme', [{ ...text, path: 'a\nb', content }])).rejects.toThrow(
      'control characters',
    );
    await expect(store.put('../acme', [{ ...text, path: 'a', content }])).rejects.toThrow('letters, digits');
    expect(blobs('db1')).toEqual([]);
  });

  test('refuses a change that began before the closing and ends after it', async () => {
    const caller = await at('db1');
    const slow = async function* () {
      yield Buffer.from('before');
      await caller.exportBegin();
      yield Buffer.from('after');
    };
    await expect(store.put('acme', [{ ...text, path: 'late', content: slow() }])).rejects.toMatchObject({
      name: 'CompanyClosed',
    });
    expect([store.list('acme', 10), blobs('db1')]).toEqual([[], []]);
  });
});

test('a file of several megabytes and an empty one arrive as they were', async () => {
  const large = Buffer.alloc(5_000_000, 'Grüße, 世界. ');
  await store.put('acme', [
    { ...text, path: 'large', content: large, createdAt: new Date('2024-02-29T23:59:59.999Z') },
    { ...text, path: 'empty', content: Buffer.alloc(0) },
  ]);
  const before = store.list('acme', 10);
  const slice = await (await at('db1')).export();
  await (await at('db2')).import(slice);
  const target = new FileStore(join(root, 'db2'));
  expect(target.list('acme', 10)).toEqual(before);
  expect(await contentOf(target, 'large')).toBe(large.toString());
  target.close();
});

test('a file that nobody claims is named in the summary, and an erase leaves and counts it', async () => {
  await store.put('acme', [{ ...text, path: 'a', content: Buffer.from('x') }]);
  writeFileSync(join(root, 'db1', 'acme', 'by-hand.txt'), 'x');
  const caller = await at('db1');
  expect((await caller.summary()).unclaimed).toEqual([{ place: 'acme/', rows: 1 }]);
  expect(await caller.erase()).toEqual({ erased: { rows: 1, staging: 0 }, left: { rows: 1, staging: 0 } });
  expect(blobs('db1')).toEqual(['by-hand.txt']);
});

test('a digest reads the disk: a file changed behind the store differs, and so does one that is gone', async () => {
  await store.put('acme', [{ ...text, path: 'a', content: Buffer.from('right') }]);
  const caller = await at('db1');
  const digest = async () => (await caller.seal()).collections[0]?.digest.sum;
  const right = await digest();
  const [blob] = blobs('db1') as [string];
  writeFileSync(join(root, 'db1', 'acme', blob), 'wrong');
  const wrong = await digest();
  rmSync(join(root, 'db1', 'acme', blob));
  expect(new Set([right, wrong, await digest()]).size).toBe(3);
});

test('a file changed behind the store is not taken by the target', async () => {
  await store.put('acme', [{ ...text, path: 'a', content: Buffer.from('right') }]);
  const [blob] = blobs('db1') as [string];
  writeFileSync(join(root, 'db1', 'acme', blob), 'wrong');
  const slice = await (await at('db1')).export();
  await expect((await at('db2')).import(slice)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
});

test('what a crash left behind is removed at the next start, and nothing else', async () => {
  await store.put('acme', [{ ...text, path: 'kept', content: Buffer.from('x') }]);
  const database = new DatabaseSync(join(root, 'db1', 'metadata.db'));
  database.exec(`INSERT INTO loose (blob, company, doomed) VALUES ('half', 'acme', 0), ('gone', 'acme', 1)`);
  database.close();
  writeFileSync(join(root, 'db1', 'acme', 'half'), 'x');
  await running.close();
  provider.close();
  await start();
  expect(blobs('db1')).toHaveLength(1);
  expect((await (await at('db1')).summary()).unclaimed).toEqual([]);
  expect(await contentOf(store, 'kept')).toBe('x');
});

test('a store of an earlier version is brought up to this one, and moves', async () => {
  await store.put('acme', [{ ...text, path: 'a', content: Buffer.from('x') }]);
  await running.close();
  provider.close();
  const database = new DatabaseSync(join(root, 'db2', 'metadata.db'));
  database.exec(`ALTER TABLE imports DROP COLUMN epoch; ALTER TABLE imports DROP COLUMN holder;
    ALTER TABLE fence DROP COLUMN ended_epoch; ALTER TABLE fence DROP COLUMN ended_grant`);
  database.close();
  await start();
  const slice = await (await at('db1')).export();
  await (await at('db2')).import(slice);
  expect((await (await at('db2')).seal()).collections).toEqual(slice.manifest.collections);
});

test('staging that a crash left behind is not visible and goes with the next import', async () => {
  await store.put('acme', [{ ...text, path: 'a', content: Buffer.from('x') }]);
  const slice = await (await at('db1')).export();
  const caller = await at('db2');
  const session = await caller.importBegin(slice.manifest);
  await caller.importParts(session, slice.octets);
  await running.close();
  provider.close();
  await start();
  const again = await at('db2');
  expect(await again.summary()).toMatchObject({ collections: [{ rows: 0 }], stagingRows: 1 });
  await again.import(slice);
  expect(blobs('db2')).toHaveLength(1);
});

test('a part whose leftovers can’t be removed holds no later call up', async () => {
  await store.put('acme', [{ ...text, path: 'a', content: Buffer.alloc(100_000) }]);
  const slice = await (await at('db1')).export();
  const { implementation } = provider;
  const location = { datacenter: 'eu', server: 'db2' };
  const { incarnation } = await (await at('db2')).describe();
  const call = (epoch: number) => ({
    ...{ location, company: 'acme', signal: new AbortController().signal },
    fence: { task: 't', epoch, holder: `t/e${epoch}`, incarnation },
  });
  const { session } = await implementation.importBegin(
    call(1),
    structuredClone(slice.manifest) as ImportBeginRequest,
  );
  const body = new PassThrough();
  const part = implementation.importPart(call(1), { session, part: 0 }, body);
  const failed = expect(part).rejects.toThrow('the client went away');
  body.write(slice.octets[0]?.subarray(0, 50_000));
  while (blobs('db2').length === 0) await new Promise((resolve) => setImmediate(resolve));
  makeStubborn('db2', blobs('db2')[0] as string);
  body.destroy(new Error('the client went away'));
  await failed;
  await implementation.fence(call(2));
});

describe('the incarnation', () => {
  const incarnation = async () => (await (await at('db1')).describe()).incarnation;

  test('stays over a restart, and changes when the file is put back from a copy', async () => {
    const first = await incarnation();
    await running.close();
    provider.close();
    await start();
    expect(await incarnation()).toBe(first);
    await running.close();
    provider.close();
    store.close();
    const file = join(root, 'db1', 'metadata.db');
    cpSync(file, join(root, 'backup.db'));
    rmSync(file);
    cpSync(join(root, 'backup.db'), file);
    store = new FileStore(join(root, 'db1'));
    await start();
    expect(await incarnation()).not.toBe(first);
  });

  test('changes by the statement that docs/providers.md gives to operators', async () => {
    const first = await incarnation();
    const docs = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8');
    const [, statement = ''] = /`sqlite3 metadata.db "([^"]+)"`/.exec(docs) ?? [];
    const database = new DatabaseSync(join(root, 'db1', 'metadata.db'));
    database.exec(statement);
    database.close();
    expect(await incarnation()).not.toBe(first);
  });
});

test('a hook that failed, or whose process died before its key was recorded, runs again; one that ended does not', async () => {
  let runs = 0;
  hook = () => {
    runs += 1;
    if (runs === 1) throw new Error('no connection');
  };
  const key = 'acme:restore-1:after-restore';
  await expect((await at('db1')).hook('after-restore', key)).rejects.toMatchObject({
    name: 'InternalFailure',
  });
  expect(await (await at('db1')).hook('after-restore', key)).toEqual({ ran: true });
  await running.close();
  provider.close();
  await start();
  expect(await (await at('db1')).hook('after-restore', key)).toEqual({ ran: false });
  expect(runs).toBe(2);
});

test('a newer epoch ends a hook that still runs; it leaves no key, and the newer one runs it', async () => {
  const key = 'acme:restore-1:after-restore';
  const begun = Promise.withResolvers<void>();
  let runs = 0;
  hook = ({ signal }) => {
    runs += 1;
    if (runs > 1) return undefined;
    begun.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
  };
  const older = (await at('db1', 1)).hook('after-restore', key);
  const refused = expect(older).rejects.toMatchObject({ name: 'EpochStale' });
  await begun.promise;
  await (await at('db1', 2)).raise();
  await refused;
  expect(await (await at('db1', 2)).hook('after-restore', key)).toEqual({ ran: true });
  expect(runs).toBe(2);
});
