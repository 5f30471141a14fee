import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Exported, ProviderCaller } from '@tanker/sdk/conformance/caller.ts';
import { neighbours, openWorld, SOURCE, seedCompany, TARGET, type World } from './fixtures/world.ts';

const CONTACTS = 40;
let world: World;
let company: string;
let companies = 0;
let exported: Exported;
let target: ProviderCaller;

beforeAll(async () => {
  world = await openWorld();
  await seedCompany(world.target, 'neighbour', 20, 900_000);
}, 30_000);
afterAll(() => world.close());
beforeEach(async () => {
  companies += 1;
  company = `acme-${companies}`;
  await seedCompany(world.source, company, CONTACTS, companies * 1000);
  const source = await world.caller(SOURCE, company);
  exported = await source.export();
  target = await world.caller(TARGET, company);
});

const visible = async () =>
  Number(
    (await world.target.query('SELECT count(*) AS n FROM crm.contacts WHERE company = $1', [company])).rows[0]
      .n,
  );
const stagingTables = async () =>
  Number(
    (
      await world.target.query(
        "SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'tanker_crm' AND tablename LIKE 'staging%'",
      )
    ).rows[0].n,
  );
const octets = (part: number): Buffer => Buffer.from(exported.octets[part] ?? []);

/** An upload whose end is held back; `end` sends the rest, `cut` breaks the connection. */
function slowUpload(caller: ProviderCaller, session: string, part: number, bytes: Buffer) {
  const answer = Promise.withResolvers<{ status: number; body: string }>();
  const upload = request(
    `${caller.base}/companies/${caller.options.company}/imports/${session}/parts/${part}`,
    {
      method: 'PUT',
      headers: { ...caller.headers, 'content-length': String(bytes.length) },
    },
  );
  upload.on('response', (response) => {
    let body = '';
    response.on('data', (chunk) => {
      body += chunk;
    });
    response.on('end', () => answer.resolve({ status: response.statusCode ?? 0, body }));
  });
  upload.on('error', (error) => answer.reject(error));
  const half = Math.floor(bytes.length / 2);
  upload.write(bytes.subarray(0, half));
  return { answer: answer.promise, end: () => upload.end(bytes.subarray(half)), cut: () => upload.destroy() };
}

test('shows nothing before publish and everything after it; a repeat answers the first answer', async () => {
  const session = await target.importBegin(exported.manifest);
  await target.importPart(session, 0, octets(0));
  await target.importPart(session, 0, octets(0));
  await target.importPart(session, 1, octets(1));
  expect(await visible()).toBe(0);
  expect((await target.summary()).stagingRows).toBe(CONTACTS * 1.5);
  const published = await target.publish(session);
  expect(await visible()).toBe(CONTACTS);
  expect(await target.publish(session)).toEqual(published);
  expect((await target.summary()).stagingRows).toBe(0);
});

test('advances sequences beyond the imported ids', async () => {
  await target.import(exported);
  const { rows } = await world.target.query(
    "INSERT INTO crm.contacts (company) VALUES ('neighbour') RETURNING id",
  );
  expect(Number(rows[0].id)).toBeGreaterThanOrEqual(companies * 1000 + CONTACTS);
});

test('refuses publish until every part has arrived whole and its staging has the manifest’s rows', async () => {
  const session = await target.importBegin(exported.manifest);
  await target.importPart(session, 0, octets(0));
  await expect(target.publish(session)).rejects.toMatchObject({ name: 'StagingMismatch' });
  await target.importPart(session, 1, octets(1));
  const { rows } = await world.target.query(
    'SELECT staging FROM tanker_crm.import_parts WHERE session = $1 AND part = 0',
    [session],
  );
  await world.target.query(`DELETE FROM ${rows[0].staging} WHERE id % 7 = 0`);
  await expect(target.publish(session)).rejects.toMatchObject({ name: 'StagingMismatch' });
  expect(await visible()).toBe(0);
});

test('refuses rows of another company in a part', async () => {
  const forged = Buffer.from(
    octets(0).toString('latin1').replaceAll(`\t${company}\t`, '\tneighbour\t'),
    'latin1',
  );
  const receipt = {
    ...exported.manifest.parts[0],
    bytes: forged.length,
    sha256: createHash('sha256').update(forged).digest('hex'),
  };
  const manifest = { ...exported.manifest, parts: [receipt as never, exported.manifest.parts[1] as never] };
  const session = await target.importBegin(manifest);
  await target.importPart(session, 0, forged);
  await target.importPart(session, 1, octets(1));
  const before = await neighbours(world.target, company);
  await expect(target.publish(session)).rejects.toMatchObject({ name: 'StagingMismatch' });
  expect(await neighbours(world.target, company)).toBe(before);
});

test('refuses a changed octet, a cut part and a part with too few rows', async () => {
  const session = await target.importBegin(exported.manifest);
  const changed = Buffer.from(octets(0));
  changed.writeUInt8(changed.readUInt8(changed.length - 5) ^ 1, changed.length - 5);
  await expect(target.importPart(session, 0, changed)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
  const shorter = octets(0).subarray(0, octets(0).lastIndexOf('\n', -2) + 1);
  await expect(target.importPart(session, 0, shorter)).rejects.toMatchObject({ name: 'ChecksumMismatch' });
  const upload = slowUpload(target, session, 1, octets(1));
  upload.cut();
  await expect(upload.answer).rejects.toThrow();
  await target.importPart(session, 0, octets(0));
  await expect(target.publish(session)).rejects.toMatchObject({ name: 'StagingMismatch' });
});

test('two attempts share no staging: the second’s begin ends the first’s session and open stream', async () => {
  const first = await target.importBegin(exported.manifest);
  await target.importPart(first, 0, octets(0));
  const upload = slowUpload(target, first, 1, octets(1));
  await uploading(first, 1);
  const second = await target.importBegin(exported.manifest);
  expect((await upload.answer).body).toContain('SessionUnknown');
  await expect(target.importPart(first, 1, octets(1))).rejects.toMatchObject({ name: 'SessionUnknown' });
  await expect(target.publish(first)).rejects.toMatchObject({ name: 'SessionUnknown' });
  await expect(target.publish(second)).rejects.toMatchObject({ name: 'StagingMismatch' });
  expect(await visible()).toBe(0);
});

test('refuses a doubled import after the seal, and keeps what customers wrote since', async () => {
  await target.import(exported);
  await target.seal();
  await world.target.query("UPDATE crm.contacts SET name = 'new' WHERE company = $1", [company]);
  await expect(target.importBegin(exported.manifest)).rejects.toMatchObject({ name: 'ImportSealed' });
  const { rows } = await world.target.query('SELECT DISTINCT name FROM crm.contacts WHERE company = $1', [
    company,
  ]);
  expect(rows).toEqual([{ name: 'new' }]);
});

test('seal ends an open session: its parts and its publish are refused and its staging is gone', async () => {
  const session = await target.importBegin(exported.manifest);
  await target.importPart(session, 0, octets(0));
  const sealed = await target.seal();
  expect(sealed.collections.map((one) => one.digest.rows)).toEqual([0, 0]);
  await expect(target.importPart(session, 1, octets(1))).rejects.toMatchObject({ name: 'ImportSealed' });
  await expect(target.publish(session)).rejects.toMatchObject({ name: 'ImportSealed' });
  expect((await target.summary()).stagingRows).toBe(0);
});

test.each(['same process', 'another process'])(
  'erase while a part streams leaves nothing (%s)',
  async (where) => {
    const before = await stagingTables();
    const session = await target.importBegin(exported.manifest);
    await target.importPart(session, 0, octets(0));
    const upload = slowUpload(target, session, 1, octets(1));
    await uploading(session, 1);
    const other = where === 'another process' ? await world.another() : undefined;
    const eraser = target.as({ epoch: 2, holder: 'r/r' }, other?.url ?? world.url);
    const { erased, left } = await eraser.erase();
    expect(erased.staging).toBe(CONTACTS);
    expect(left).toEqual({ rows: 0, staging: 0 });
    upload.end();
    expect((await upload.answer).body).toContain('EpochStale');
    expect(await stagingTables()).toBe(before);
    expect((await target.summary()).stagingRows).toBe(0);
    await other?.close();
  },
);

test('erase outlasts a publish that is held between its check and its effect', async () => {
  const session = await target.importBegin(exported.manifest);
  for (const part of [0, 1]) await target.importPart(session, part, octets(part));
  const holder = await world.connect(TARGET);
  // Publish passes its check, then waits for this lock at its first insert.
  await holder.query('BEGIN; LOCK TABLE crm.contacts IN SHARE ROW EXCLUSIVE MODE');
  const other = await world.another();
  const publishing = target.publish(session).then(
    () => 'published',
    (error: Error) => error.name,
  );
  await waiting('INSERT INTO%');
  const erasing = target.as({ epoch: 2, holder: 'r/r' }, other.url).erase();
  await waiting('%FOR UPDATE');
  await holder.query('COMMIT');
  expect(await publishing).toBe('published');
  expect(await erasing).toMatchObject({ erased: { rows: CONTACTS * 1.5 }, left: { rows: 0, staging: 0 } });
  expect(await visible()).toBe(0);
  await holder.end();
  await other.close();
});

test('erase in the same process ends a held publish at once', async () => {
  const session = await target.importBegin(exported.manifest);
  for (const part of [0, 1]) await target.importPart(session, part, octets(part));
  const holder = await world.connect(TARGET);
  await holder.query(
    'BEGIN; LOCK TABLE crm.contacts IN ROW EXCLUSIVE MODE; LOCK TABLE crm.notes IN SHARE MODE',
  );
  const publishing = target.publish(session).then(
    () => 'published',
    (error: Error) => error.name,
  );
  await waiting('INSERT INTO%');
  const erasing = target.as({ epoch: 2, holder: 'r/r' }).erase();
  expect(await publishing).toBe('EpochStale');
  await holder.query('COMMIT');
  expect((await erasing).left).toEqual({ rows: 0, staging: 0 });
  await holder.end();
});

test('refuses a target with rows of the company, visible or in the outbox', async () => {
  await world.target.query("INSERT INTO crm.outbox (company, body) VALUES ($1, 'left over')", [company]);
  await expect(target.importBegin(exported.manifest)).rejects.toMatchObject({ name: 'TargetNotEmpty' });
});

test('stops at a key of another company and names the table, not the data', async () => {
  await world.target.query("INSERT INTO crm.contacts (id, company, name) VALUES ($1, 'neighbour', 'mine')", [
    companies * 1000 + 3,
  ]);
  const before = await neighbours(world.target, company);
  const failure = await target.import(exported).catch((error: Error) => error);
  expect(failure).toMatchObject({ name: 'KeyConflict', message: expect.stringContaining('crm.contacts') });
  expect(String(failure)).not.toContain(String(companies * 1000 + 3));
  expect(await visible()).toBe(0);
  expect(await neighbours(world.target, company)).toBe(before);
});

test('refuses a format it can’t read and a part whose columns are others', async () => {
  const format = { name: 'other', version: 1 };
  await expect(target.importBegin({ ...exported.manifest, format })).rejects.toMatchObject({
    name: 'FormatUnreadable',
  });
  const session = await target.importBegin(exported.manifest);
  const renamed = Buffer.from(octets(1).toString().replace('"body"', '"text"'));
  await expect(target.importPart(session, 1, renamed)).rejects.toMatchObject({ name: 'FormatUnreadable' });
});

test('abort drops the session with its staging, and is fine for an unknown one', async () => {
  const session = await target.importBegin(exported.manifest);
  await target.importPart(session, 0, octets(0));
  await target.abort(session);
  await target.abort(session);
  expect((await target.summary()).stagingRows).toBe(0);
  await expect(target.importPart(session, 1, octets(1))).rejects.toMatchObject({ name: 'SessionUnknown' });
});

test('an import ends a closing that a move away left behind', async () => {
  await world.source.query('DELETE FROM crm.notes WHERE company = $1', ['nobody']);
  const back = await world.caller(SOURCE, company, 2, 'back/back');
  expect((await back.summary()).closed).not.toBeNull();
  expect((await back.erase()).left.rows).toBe(0);
  await back.import(exported);
  expect((await back.seal()).collections).toEqual(exported.manifest.collections);
  expect((await back.summary()).closed).toBeNull();
});

/** Until the part's staging table is there: its stream is open. */
async function uploading(session: string, part: number): Promise<void> {
  for (;;) {
    const { rowCount } = await world.target.query(
      'SELECT 1 FROM tanker_crm.import_parts WHERE session = $1 AND part = $2',
      [session, part],
    );
    if (rowCount === 1) return;
  }
}

/** Until a backend waits for a lock with such a statement. */
async function waiting(like: string): Promise<void> {
  for (;;) {
    const { rowCount } = await world.target.query(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND regexp_replace(query, '\\s+$', '') LIKE $1",
      [like],
    );
    if (rowCount !== 0) return;
  }
}
