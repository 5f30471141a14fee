import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CanonicalInput, canonicalRow, DigestSum } from '@tanker/contract/index.ts';
import fc from 'fast-check';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import { readTables } from '../../providers/postgres/catalog.ts';
import { tableDigest } from '../../providers/postgres/digest.ts';
import { schemaSql } from '../../providers/postgres/schema.ts';

const SCHEMA = 'tanker_digest';
const TABLE = { name: 'things', table: 'app.things', companyColumn: 'company' };
let server: PostgresServer;
let client: Client;

beforeAll(async () => {
  server = await startPostgres();
  client = new Client({ connectionString: server.connectionString });
  await client.connect();
  await client.query(schemaSql(SCHEMA));
  await client.query(`
    SET timezone = 'UTC'; CREATE SCHEMA app; CREATE EXTENSION citext;
    CREATE TYPE app.mood AS ENUM ('glad', 'sad'); CREATE DOMAIN app.email AS text CHECK (VALUE <> 'x');
    CREATE TABLE app.things (company text, yes boolean, small smallint, whole integer, large bigint,
      amount numeric, exact numeric(20, 6), single real, double double precision, words text, short varchar(40), padded char(6),
      folded citext, mood app.mood, email app.email, octets bytea, "day" date, hour time, local timestamp, instant timestamptz,
      id uuid, document jsonb, plain json, "Ünïcode ""x""" text, numbers integer[], texts text[], grid integer[], instants timestamptz[],
      emails app.email[])`);
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 6 });
/** Text as PostgreSQL can hold it: no U+0000 and no lone surrogate. */
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((s) => s.replaceAll('\0', '').toWellFormed());
const decimal = fc.oneof(
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '0.000', '-0.0', '1e3', '100', '1.50'),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat({ max: 20 }))
    .map(([n, e]) => `${n}e-${e}`),
);
const float = fc.oneof(fc.constantFrom(-0, 0, NaN, Infinity, -Infinity, 5e-324, 0.1), fc.double());
const floatText = (value: number) => (Object.is(value, -0) ? '-0' : String(value));
const two = (n: number) => String(n).padStart(2, '0');
const micros = fc.nat({ max: 999_999 }).map((n) => String(n).padStart(6, '0'));
const clock = fc
  .tuple(fc.nat({ max: 23 }), fc.nat({ max: 59 }), fc.nat({ max: 59 }), micros)
  .map(([h, m, s, u]) => `${two(h)}:${two(m)}:${two(s)}.${u}`);
/** A day as SQL and as the digest write it, from 4001 BC to 12000. */
const day = fc
  .tuple(
    fc.integer({ min: -4000, max: 12_000 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
  )
  .map(([year, month, date]) => {
    const rest = `-${two(month)}-${two(date)}`;
    const four = (n: number) => String(n).padStart(4, '0');
    return {
      sql: `${four(year > 0 ? year : 1 - year)}${rest}`,
      era: year > 0 ? '' : ' BC',
      canonical: `${year < 0 ? '-' : ''}${four(Math.abs(year))}${rest}`,
    };
  });
const moment = fc.oneof(
  fc.constantFrom('infinity', '-infinity').map((name) => ({ sql: name, canonical: name })),
  fc.tuple(day, clock).map(([d, c]) => ({ sql: `${d.sql} ${c}${d.era}`, canonical: `${d.canonical}T${c}` })),
);
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '')));
const noSurrogates = (value: unknown) =>
  JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value));

const NULL: CanonicalInput = { type: 'null' };
const orNull = <T>(value: T | null, make: (value: T) => CanonicalInput): CanonicalInput =>
  value === null ? NULL : make(value);
const array = <T>(values: readonly (T | null)[], make: (value: T) => CanonicalInput): CanonicalInput => ({
  type: 'array',
  value: values.map((value) => orNull(value, make)),
});
const asText = (value: string): CanonicalInput => ({ type: 'text', value });
const integer = (value: number | bigint): CanonicalInput => ({ type: 'integer', value: BigInt(value) });

interface Field {
  readonly sql: unknown;
  readonly canonical: CanonicalInput;
}
const field = <T>(
  arbitrary: fc.Arbitrary<T>,
  sql: (value: T) => unknown,
  canonical: (value: T) => CanonicalInput,
) =>
  nullable(arbitrary).map(
    (value): Field => ({ sql: value === null ? null : sql(value), canonical: orNull(value, canonical) }),
  );
const same = <T>(value: T) => value;

const row = fc.record<Record<string, Field>>({
  yes: field(fc.boolean(), same, (value) => ({ type: 'boolean', value })),
  small: field(fc.integer({ min: -32_768, max: 32_767 }), same, integer),
  whole: field(fc.integer(), same, integer),
  large: field(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), String, integer),
  amount: field(decimal, same, (value) => ({ type: 'decimal', value })),
  exact: field(
    fc.integer(),
    (n) => `${n}.250000`,
    (n) => ({ type: 'decimal', value: `${n}.25` }),
  ),
  single: field(fc.float(), floatText, (value) => ({ type: 'float', value })),
  double: field(float, floatText, (value) => ({ type: 'float', value })),
  words: field(text, same, asText),
  short: field(text, same, asText),
  padded: field(fc.constantFrom('', 'ab', 'é'), same, asText),
  folded: field(text, same, asText),
  mood: field(fc.constantFrom('glad', 'sad'), same, asText),
  email: field(
    text.filter((s) => s !== 'x'),
    same,
    asText,
  ),
  octets: field(
    fc.uint8Array({ maxLength: 20 }),
    (value) => Buffer.from(value),
    (value) => ({ type: 'bytes', value }),
  ),
  day: field(
    day,
    (d) => d.sql + d.era,
    (d) => ({ type: 'date', value: d.canonical }),
  ),
  hour: field(clock, same, (value) => ({ type: 'time', value })),
  local: field(
    moment,
    (m) => m.sql,
    (m) => ({ type: 'timestamp', value: m.canonical }),
  ),
  instant: field(
    moment,
    (m) => m.sql,
    (m) => ({ type: 'instant', value: m.canonical }),
  ),
  id: field(
    fc.uuid(),
    (id) => id.toUpperCase(),
    (value) => ({ type: 'uuid', value }),
  ),
  document: field(
    json.filter(noSurrogates),
    (v) => JSON.stringify(v),
    (value) => ({ type: 'json', value }),
  ),
  plain: field(
    json.filter(noSurrogates),
    (v) => JSON.stringify(v, null, 2),
    (value) => ({ type: 'json', value }),
  ),
  'Ünïcode "x"': field(text, same, asText),
  numbers: field(fc.array(nullable(fc.integer())), same, (values) => array(values, integer)),
  texts: field(fc.array(nullable(text)), same, (values) => array(values, asText)),
  grid: field(
    fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
      .map(([h, w]) => Array.from({ length: h }, (_, y) => Array.from({ length: w }, (_, x) => y * w + x))),
    same,
    (rows) => array(rows, (inner) => array(inner, integer)),
  ),
  instants: field(
    fc.array(nullable(moment)),
    (values) => values.map((m) => m?.sql ?? null),
    (values) => array(values, (m) => ({ type: 'instant', value: m.canonical })),
  ),
  emails: field(fc.array(fc.constantFrom('a@b', 'é')), same, (values) => array(values, asText)),
});

test('equals the contract’s digest for random rows of every type', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
      await client.query('TRUNCATE app.things');
      const sum = new DigestSum();
      for (const fields of rows) {
        const names = ['company', ...Object.keys(fields)];
        const columns = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
        const values = ['acme', ...Object.values(fields).map((one) => one.sql)];
        await client.query(
          `INSERT INTO app.things (${columns}) VALUES (${values.map((_, i) => `$${i + 1}`).join(', ')})`,
          values,
        );
        const canonical = Object.fromEntries(
          Object.entries(fields).map(([name, one]) => [name, one.canonical]),
        );
        sum.add(canonicalRow('things', { company: asText('acme'), ...canonical }));
      }
      const [table] = await readTables(client, [TABLE], false);
      if (!table) throw new Error('no table');
      expect(await tableDigest(client, SCHEMA, table, 'acme')).toEqual(sum.digest);
    }),
    { numRuns: 150 },
  );
}, 30_000);

test('names the column whose type has no canonical form', async () => {
  await client.query('CREATE TABLE app.odd (company text, span interval)');
  const odd = { name: 'odd', table: 'app.odd', companyColumn: 'company' };
  await expect(readTables(client, [odd], false)).rejects.toMatchObject({
    name: 'FormatUnreadable',
    message: expect.stringContaining('app.odd.span has type interval'),
  });
});

/** A table of its own with one row of the company `acme`; answers its digest as the provider computes it. */
async function digestOfRow(columns: string, values: readonly unknown[]) {
  await client.query(`DROP TABLE IF EXISTS app.own; CREATE TABLE app.own (company text, ${columns})`);
  const places = values.map((_, index) => `$${index + 1}`).join(', ');
  await client.query(`INSERT INTO app.own VALUES ('acme', ${places})`, [...values]);
  const [table] = await readTables(client, [{ ...TABLE, table: 'app.own' }], false);
  if (!table) throw new Error('no table');
  return tableDigest(client, SCHEMA, table, 'acme');
}
const digestOf = (fields: Record<string, CanonicalInput>) => {
  const sum = new DigestSum();
  sum.add(canonicalRow('things', { company: asText('acme'), ...fields }));
  return sum.digest;
};

test.each(['d', 'e', 'u', 'o', 'x', 'c', 'm', 'w', 'g', 'v', 't', 'v0', 'hash', 'low'])(
  'a column may be called %s, as something of the query is',
  async (name) => {
    const values: [string, unknown, CanonicalInput][] = [
      ['text[]', ['a', null], array(['a', null], asText)],
      ['int[]', [[1, 2]], array([[1, 2]], (inner) => array(inner, integer))],
      ['json', '{"b":[1]}', { type: 'json', value: { b: [1] } }],
      ['json', '"\\u0000"', { type: 'json text', value: '"\\u0000"' }],
      ['jsonb[]', ['{"b":[1]}'], array([{ b: [1] }], (value) => ({ type: 'json', value }))],
    ];
    for (const [type, value, canonical] of values) {
      expect(await digestOfRow(`"${name}" ${type}`, [value])).toEqual(digestOf({ [name]: canonical }));
    }
  },
);

test.each([
  ['U+0000 in a string', '{"t": "a\\u0000b"}'],
  ['U+0000 in a name', '{"\\u0000": 1}'],
  ['half a surrogate pair', '["\\ud800"]'],
  ['a surrogate pair the wrong way round', '"\\udc00\\ud800"'],
  ['a large exponent', '{"n" : 1e131072}'],
  ['a small exponent', '[1e-16384]'],
  ['many digits', `[1${'0'.repeat(131_072)}]`],
])('JSON that has no value as jsonb counts as its text: %s', async (_what, text) => {
  expect(await digestOfRow('plain json', [text])).toEqual(
    digestOf({ plain: { type: 'json text', value: text } }),
  );
});

test('JSON at the edges of that has a value', async () => {
  const text = '["\\ud83d\\ude00", 1e131071, 1e-16383]';
  const value = { type: 'json' as const, value: ['😀', 0, 0] };
  expect(await digestOfRow('plain json', [text])).not.toEqual(
    digestOf({ plain: { type: 'json text', value: text } }),
  );
  expect(await digestOfRow('plain json', ['["\\ud83d\\ude00", 0.0, 0]'])).toEqual(digestOf({ plain: value }));
});
