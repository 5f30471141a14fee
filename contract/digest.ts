import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Count } from './names.ts';

/**
 * The digest of a collection: how many rows, and the sum modulo 2^128 of a hash of each canonical row. A sum, never
 * XOR: two equal rows must not cancel out. The order of rows does not matter.
 *
 * The definition, exactly. Every length counts octets of UTF-8; `net(x)` is `<length of x in decimal>:` followed by x.
 *
 *   row      = net(collection) then for each field in ascending order of its name's octets: net(name) net(value)
 *   hash     = the first 16 octets of SHA-256(row), read as a big-endian unsigned integer
 *   digest   = { rows, sum: (Σ hash) mod 2^128 as 32 lower-case hexadecimal digits }
 *
 * Canonical values, one letter for the type and then the text:
 *
 *   null       n
 *   boolean    b0 | b1
 *   integer    i<decimal>            no leading zeros, "-" for negative numbers
 *   decimal    d<plain decimal>      no exponent, no trailing zeros after the point, no bare point, 0 for any zero;
 *                                    NaN, Infinity, -Infinity as written here
 *   float      f<16 hex digits>      the IEEE-754 double, big-endian; every NaN is 7ff8000000000000; -0 is not 0
 *   text       s<text>               the characters as stored: no Unicode normalisation, "" is not null
 *   bytes      x<hex>                lower case
 *   date       D<YYYY-MM-DD>
 *   time       c<HH:MM:SS.ffffff>    without a zone
 *   timestamp  t<YYYY-MM-DDTHH:MM:SS.ffffff>   without a zone
 *   instant    z<YYYY-MM-DDTHH:MM:SS.ffffff>   in UTC
 *   uuid       u<lower case with hyphens>
 *   array      a then net(value) for each element in order
 *   json       j<json>, where json is one of: n, b0, b1, d<plain decimal> for every number, s<text>,
 *              a then net(json) for each element, or
 *              o then net(name) net(json) for each member in ascending order of the name's octets
 *   json text  J<text>               as stored, of JSON in which a string or name holds U+0000 or half a surrogate pair, or
 *              a number has more than 131,072 digits before its point or 16,383 behind it: not every store has it as
 *              a value
 *
 * Years are written with at least four digits; a year before 1 is astronomical (1 BC is 0000, 2 BC is -0001).
 * Infinite dates, timestamps and instants are `infinity` and `-infinity`. A store whose type is not in the list
 * declares the field as text and says in its documentation how it writes it.
 */
export const Digest = z
  .object({ rows: Count, sum: z.string().regex(/^[0-9a-f]{32}$/, '32 lower-case hexadecimal digits') })
  .strict()
  .meta({ id: 'Digest' });
export type Digest = z.infer<typeof Digest>;

/** A field's value in a form that keeps its type, for stores whose digest is computed in JavaScript. */
export type CanonicalInput =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'decimal'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | {
      readonly type: 'text' | 'date' | 'time' | 'timestamp' | 'instant' | 'uuid' | 'json text';
      readonly value: string;
    }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'array'; readonly value: readonly CanonicalInput[] }
  | { readonly type: 'json'; readonly value: unknown };

const MODULUS = 1n << 128n;
const LETTERS = { text: 's', date: 'D', time: 'c', timestamp: 't', instant: 'z', 'json text': 'J' } as const;

const net = (text: string): string => `${Buffer.byteLength(text)}:${text}`;
const byOctets = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/**
 * The canonical form of a decimal: plain notation without trailing zeros. Takes what stores and JSON write
 * (`1.50`, `-0.0`, `1e3`, `NaN`). Throws RangeError on anything else.
 */
export function canonicalDecimal(text: string): string {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return text;
  const match = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) throw new RangeError('not a decimal number');
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const cut = point <= 0 ? 1 : point;
  const left = padded.slice(0, cut).replace(/^0+(?=\d)/, '');
  const right = padded.slice(cut).replace(/0+$/, '');
  const number = right === '' ? left : `${left}.${right}`;
  return number === '0' || sign !== '-' ? number : `-${number}`;
}

/** A text inside of a JSON value. Throws RangeError on one that makes the whole a `json text`. */
function jsonString(text: string): string {
  if (text.isWellFormed() && !text.includes('\0')) return text;
  throw new RangeError('not a JSON value of every store: declare it as json text');
}

function canonicalJson(value: unknown): string {
  if (value === null) return 'n';
  switch (typeof value) {
    case 'boolean':
      return value ? 'b1' : 'b0';
    case 'number':
      return `d${canonicalDecimal(String(value))}`;
    case 'string':
      return `s${jsonString(value)}`;
    case 'object':
      if (Array.isArray(value)) return `a${value.map((item) => net(canonicalJson(item))).join('')}`;
      return `o${Object.entries(value as object)
        .sort(([a], [b]) => byOctets(a, b))
        .map(([name, member]) => net(jsonString(name)) + net(canonicalJson(member)))
        .join('')}`;
    default:
      throw new RangeError('not a JSON value');
  }
}

function canonicalFloat(value: number): string {
  if (Number.isNaN(value)) return 'f7ff8000000000000';
  const octets = Buffer.alloc(8);
  octets.writeDoubleBE(value);
  return `f${octets.toString('hex')}`;
}

/** The canonical form of one value, its type letter included. Throws RangeError on a malformed decimal or JSON value. */
export function canonicalValue(input: CanonicalInput): string {
  switch (input.type) {
    case 'null':
      return 'n';
    case 'boolean':
      return input.value ? 'b1' : 'b0';
    case 'integer':
      return `i${input.value}`;
    case 'decimal':
      return `d${canonicalDecimal(input.value)}`;
    case 'float':
      return canonicalFloat(input.value);
    case 'bytes':
      return `x${Buffer.from(input.value).toString('hex')}`;
    case 'uuid':
      return `u${input.value.toLowerCase()}`;
    case 'array':
      return `a${input.value.map((item) => net(canonicalValue(item))).join('')}`;
    case 'json':
      return `j${canonicalJson(input.value)}`;
    default:
      return LETTERS[input.type] + input.value;
  }
}

/** The canonical form of one row of a collection. */
export function canonicalRow(collection: string, fields: Readonly<Record<string, CanonicalInput>>): string {
  const parts = Object.entries(fields)
    .sort(([a], [b]) => byOctets(a, b))
    .map(([name, value]) => net(name) + net(canonicalValue(value)));
  return net(collection) + parts.join('');
}

/** Sums row hashes into a digest. Not safe for two writers at once, and need not be. */
export class DigestSum {
  #rows = 0;
  #sum = 0n;

  add(canonical: string): void {
    const hash = createHash('sha256').update(canonical).digest('hex').slice(0, 32);
    this.#sum = (this.#sum + BigInt(`0x${hash}`)) % MODULUS;
    this.#rows += 1;
  }

  get digest(): Digest {
    return { rows: this.#rows, sum: this.#sum.toString(16).padStart(32, '0') };
  }
}

/** The digest of a collection without rows. */
export const EMPTY_DIGEST: Digest = { rows: 0, sum: '0'.repeat(32) };

export const sameDigest = (a: Digest, b: Digest): boolean => a.rows === b.rows && a.sum === b.sum;
