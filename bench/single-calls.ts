// Times the calls that must end within PROVIDER_CALL_SECONDS, of the PostgreSQL provider with one company of two tables,
// and says how large a company that allows at these rates.

import { PROVIDER_CALL_SECONDS } from '@tanker/contract/limits.ts';
import { Command } from 'commander';
import { openWorld, SOURCE, seedCompany, TARGET } from '../test/providers/fixtures/world.ts';

const command = new Command('npm run bench:calls --')
  .description(
    'What the longest single calls of the PostgreSQL provider take, and how large a company that allows at these rates.',
  )
  .option('--contacts <number>', 'contacts of the company; notes come with them', '200000')
  .parse();
const values = command.opts<{ contacts: string }>();
const COMPANY = 'big';

/** What a product has: its own way to a company's rows, and the index without which a row's erase looks through all notes. */
const INDEXES = `
  CREATE INDEX ON crm.contacts (company);
  CREATE INDEX ON crm.notes (company);
  CREATE INDEX ON crm.notes (contact);
  ANALYZE`;

const world = await openWorld();
try {
  const contacts = Number(values.contacts);
  // Neighbours of the same size: the company's rows are not alone in their tables.
  await seedCompany(world.source, 'neighbour', contacts);
  await seedCompany(world.source, COMPANY, contacts, contacts + 1);
  for (const pool of [world.source, world.target]) await pool.query(INDEXES);
  const source = await world.caller(SOURCE, COMPANY);
  const target = await world.caller(TARGET, COMPANY);
  const { collections } = await source.summary();
  const rows = collections.reduce((sum, one) => sum + one.rows, 0);
  const megabytes = collections.reduce((sum, one) => sum + one.bytes, 0) / 1e6;
  console.log(`${rows} rows, ${megabytes.toFixed(0)} MB as exported`);

  const timed = async <T>(call: string, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    const seconds = (performance.now() - from) / 1000;
    const fits = (amount: number) => (amount / seconds) * PROVIDER_CALL_SECONDS;
    console.log(
      `${call.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s ${(rows / seconds / 1000).toFixed(0).padStart(5)} thousand rows/s ` +
        `${(megabytes / seconds).toFixed(0).padStart(4)} MB/s  in ${PROVIDER_CALL_SECONDS} s: ${(fits(rows) / 1e6).toFixed(0)} million rows, ${(fits(megabytes) / 1000).toFixed(0)} GB`,
    );
    return result;
  };
  const begun = await timed('exportBegin', () => source.exportBegin());
  const octets: Uint8Array[] = [];
  for (const { part } of begun.parts) octets.push(await source.exportPart(begun.export, part));
  const { parts, collections: digests } = await timed('exportFinish', () =>
    source.exportFinish(begun.export),
  );
  const slice = { manifest: { format: begun.format, parts, collections: digests }, octets };
  const session = await target.importBegin(slice.manifest);
  await timed('importParts', () => target.importParts(session, slice.octets));
  await timed('importPublish', () => target.publish(session));
  await timed('seal', () => target.seal());
  await timed('erase', () => target.erase());
} finally {
  await world.close();
}
