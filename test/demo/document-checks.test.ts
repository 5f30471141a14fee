import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findAcknowledged } from '../../demo/world/checks.ts';
import {
  differingDocuments,
  documentLeftovers,
  documentNeighbours,
  documentsClosed,
  filesOnDisk,
  readDocuments,
} from '../../demo/world/document-checks.ts';
import { documentsOf, seedDocuments } from '../../demo/world/documents.ts';
import { FileStore } from '../../providers/files/index.ts';

let directory: string;
let store: FileStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tanker-documents-'));
  store = new FileStore(directory);
  await seedDocuments(directory, 'acme', 100);
  await seedDocuments(directory, 'globex', 60);
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const put = (company: string, path: string, content: string) =>
  store.put(company, [{ path, contentType: 'text/plain', content: Buffer.from(content) }]);

test('the documents of the demo company are some hundred, one of several megabytes, the same every time', () => {
  const made = documentsOf('acme', 200_000);
  expect(made).toHaveLength(240);
  expect(made.filter(({ content }) => (content as Buffer).length > 5_000_000)).toHaveLength(1);
  const hashOf = (files: typeof made) =>
    files.reduce(
      (hash, { path, content }) => hash.update(path).update(content as Buffer),
      createHash('sha256'),
    );
  expect(hashOf(documentsOf('acme', 200_000)).digest('hex')).toBe(hashOf(made).digest('hex'));
});

test('a document that changed, in its octets or beside them, differs; one that came since does not', async () => {
  const before = readDocuments(directory, 'acme');
  expect(before.size).toBe(10);
  await put('acme', 'new', 'x');
  expect(differingDocuments(directory, 'acme', before)).toEqual([]);
  const [path = ''] = before.keys();
  const database = new DatabaseSync(join(directory, 'metadata.db'));
  database.prepare(`UPDATE files SET content_type = 'x/y' WHERE company = 'acme' AND path = ?`).run(path);
  database.close();
  expect(differingDocuments(directory, 'acme', before)).toEqual([path]);
  await store.remove('acme', path);
  expect(differingDocuments(directory, 'acme', before)).toEqual([path]);
});

test('neighbours show by their fingerprints, leftovers and closings for the company alone', async () => {
  const before = documentNeighbours(directory, ['acme']);
  expect([...before.keys()]).toEqual(['globex']);
  await put('globex', 'new', 'x');
  expect(documentNeighbours(directory, ['acme'])).not.toEqual(before);
  expect([documentLeftovers(directory, 'acme'), documentsClosed(directory, 'acme')]).toEqual([[], false]);
  writeFileSync(join(directory, 'acme', 'stray'), 'x');
  const database = new DatabaseSync(join(directory, 'metadata.db'));
  database.exec(`UPDATE fence SET closed_epoch = 3 WHERE company = 'acme'`);
  database.close();
  expect([documentLeftovers(directory, 'acme'), documentsClosed(directory, 'acme')]).toEqual([
    ['stray'],
    true,
  ]);
  expect(filesOnDisk(directory, 'acme')).toHaveLength(readdirSync(join(directory, 'acme')).length);
  expect([documentLeftovers(directory, 'globex'), documentsClosed(directory, 'globex')]).toEqual([[], false]);
});

test('an acknowledged write of a document is found by its line, and lost without it', async () => {
  await put('acme', 'uploads/w1.txt', 'w1\thello\nw2\tmore\n');
  const journal = join(directory, 'journal.jsonl');
  const line = (writeId: string, kind: string) =>
    JSON.stringify({
      company: 'acme',
      collection: 'documents',
      writeId,
      kind,
      at: '2026-01-01T00:00:00.000Z',
    });
  writeFileSync(journal, [line('w1', 'create'), line('w2', 'update'), line('w3', 'update'), ''].join('\n'));
  expect(await findAcknowledged({}, journal, { acme: directory })).toEqual({
    acknowledged: 3,
    found: 2,
    lost: ['w3'],
  });
  await expect(findAcknowledged({}, journal)).rejects.toThrow('directory');
});
