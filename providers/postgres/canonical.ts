/** The canonical form of contract/digest.ts as SQL: one inline expression for each column, no function call per value. */

/** A column's type after domains and arrays are resolved. */
export interface ValueType {
  /** `pg_type.typname` of the base or element type, or `enum`. */
  readonly base: string;
  readonly array: boolean;
}

type Expression = (value: string, schema: string) => string;

const text: Expression = (v) => `'s' || (${v})::text`;
const integer: Expression = (v) => `'i' || (${v})::text`;
const FRACTION = 'HH24:MI:SS.US';

/** Years 1 to 9999 take the short way; infinite values and years before 1 take the function. */
const usual = (v: string, type: string, short: string, long: string) =>
  `CASE WHEN ${v} >= '0001-01-01'::${type} AND ${v} < 'infinity'::${type} THEN ${short} ELSE ${long} END`;
const stamp = (v: string, schema: string) =>
  usual(
    v,
    'timestamp',
    `to_char(${v}, 'YYYY-MM-DD"T"${FRACTION}')`,
    `${schema}.canonical_unusual(${v}, '"T"${FRACTION}')`,
  );

/** A JSON value that is no object or array by itself; those go to `nested`. */
const scalar = (v: string, nested: string) => `CASE jsonb_typeof(${v})
  WHEN 'string' THEN 's' || (${v} #>> '{}')
  WHEN 'number' THEN 'd' || trim_scale(${v}::numeric)::text
  WHEN 'boolean' THEN CASE WHEN ${v}::boolean THEN 'b1' ELSE 'b0' END
  WHEN 'null' THEN 'n'
  ELSE ${nested} END`;

const members = (v: string, schema: string) => `'o' || coalesce((
  SELECT string_agg(octet_length(m.key) || ':' || m.key || octet_length(m.c) || ':' || m.c, '' ORDER BY m.key COLLATE "C")
  FROM (SELECT e.key, ${scalar('e.value', `${schema}.canonical_json(e.value)`)} AS c FROM jsonb_each(${v}) e OFFSET 0) m), '')`;

const elements = (v: string, schema: string) => `'a' || coalesce((
  SELECT string_agg(octet_length(m.c) || ':' || m.c, '' ORDER BY m.o)
  FROM (SELECT ${scalar('e.value', `${schema}.canonical_json(e.value)`)} AS c, e.o
    FROM jsonb_array_elements(${v}) WITH ORDINALITY e(value, o) OFFSET 0) m), '')`;

/** The body of the function for values inside values; `v` is its parameter. */
export const jsonSql = (v: string, schema: string): string =>
  scalar(
    v,
    `CASE jsonb_typeof(${v}) WHEN 'object' THEN ${members(v, schema)} ELSE ${elements(v, schema)} END`,
  );

/** The outermost object of each row is written inline: a call of the recursive function takes 2.6 times as long. */
const documentSql = (
  schema: string,
) => `CASE jsonb_typeof(x.d) WHEN 'object' THEN 'j' || ${members('x.d', schema)}
    ELSE 'j' || ${schema}.canonical_json(x.d) END`;

const document: Expression = (v, schema) =>
  `(SELECT ${documentSql(schema)} FROM (SELECT ${v} AS d OFFSET 0) x)`;

/** Of a text that is JSON and has no value as jsonb the text itself counts. */
const jsonText: Expression = (v, schema) =>
  `(SELECT CASE WHEN x.d IS NULL THEN 'J' || x.t ELSE ${documentSql(schema)} END
    FROM (SELECT ${schema}.as_jsonb(${v}) AS d, (${v})::text AS t OFFSET 0) x)`;

const EXPRESSIONS: Readonly<Record<string, Expression>> = {
  bool: (v) => `CASE WHEN ${v} THEN 'b1' WHEN NOT ${v} THEN 'b0' END`,
  int2: integer,
  int4: integer,
  int8: integer,
  numeric: (v) => `'d' || trim_scale(${v})::text`,
  float4: (v) => float(`(${v})::float8`),
  float8: (v) => float(v),
  text,
  varchar: text,
  bpchar: text,
  citext: text,
  enum: text,
  bytea: (v) => `'x' || encode(${v}, 'hex')`,
  uuid: (v) => `'u' || (${v})::text`,
  date: (v, schema) =>
    `'D' || ${usual(v, 'date', `to_char(${v}, 'YYYY-MM-DD')`, `${schema}.canonical_unusual(${v}::timestamp, '')`)}`,
  time: (v) => `'c' || to_char(${v}, '${FRACTION}')`,
  timestamp: (v, schema) => `'t' || ${stamp(v, schema)}`,
  timestamptz: (v, schema) => `'z' || ${stamp(`(${v} AT TIME ZONE 'UTC')`, schema)}`,
  json: jsonText,
  jsonb: document,
};

function float(v: string): string {
  return `CASE WHEN ${v} = 'NaN' THEN 'f7ff8000000000000' ELSE 'f' || encode(float8send(${v}), 'hex') END`;
}

/** Whether the digest has a canonical form for a type. */
export const isCanonical = (type: ValueType): boolean => Object.hasOwn(EXPRESSIONS, type.base);

/** SQL text of a value's canonical form, `n` for null. `value` is an SQL expression without side effects. */
export function canonicalSql(type: ValueType, value: string, schema: string): string {
  const expression = EXPRESSIONS[type.base];
  if (!expression) throw new RangeError(`no canonical form for ${type.base}`);
  if (!type.array) return `coalesce(${expression(value, schema)}, 'n')`;
  const element = `coalesce(${expression('u.e', schema)}, 'n')`;
  const from = `unnest(${value}) WITH ORDINALITY AS u(e, o)`;
  // The value is named before anything of a query's own is: a column may be called as that is.
  const sizes = `(SELECT ARRAY(SELECT array_length(w.v, g.d) FROM generate_series(1, array_ndims(w.v)) g(d) ORDER BY g.d)
    FROM (SELECT ${value} AS v OFFSET 0) w)`;
  // One dimension, the usual case, is written inline: the function takes three times as long.
  return `CASE WHEN ${value} IS NULL THEN 'n'
    WHEN array_ndims(${value}) > 1
      THEN ${schema}.canonical_array(ARRAY(SELECT ${element} FROM ${from} ORDER BY u.o), ${sizes})
    ELSE 'a' || coalesce((SELECT string_agg(octet_length(x.c) || ':' || x.c, '' ORDER BY x.o)
      FROM (SELECT ${element} AS c, u.o FROM ${from} OFFSET 0) x), '') END`;
}

const FIXED_SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  int2: 6,
  int4: 11,
  int8: 20,
  float4: 24,
  float8: 24,
  uuid: 36,
  date: 16,
  time: 15,
  timestamp: 32,
  timestamptz: 36,
};

/**
 * SQL for the octets of a value in COPY's text form before escapes, the separator included. Escapes at most double
 * it. octet_length of text and bytea reads no out-of-line value.
 */
export function sizeSql(type: ValueType, value: string): string {
  const fixed = type.array ? undefined : FIXED_SIZES[type.base];
  if (fixed !== undefined) return String(fixed + 1);
  if (type.base === 'bytea' && !type.array) return `coalesce(2 * octet_length(${value})::bigint + 5, 3)`;
  return `coalesce(octet_length((${value})::text)::bigint + 1, 3)`;
}
