import { isJsonObject, type Json } from '../json.ts';

const REPEAT = /<repeat:(.):(\d+)>/g;
const PLACEHOLDER = /<[A-Za-z_][\w:.\- ]*>/g;
/** What a recorder took for a time; some recordings are of malformed ones. */
const TIME_LIKE = /^[\d-]+T[\d:.]+(Z|[+-][\d:]+)?$/;

/** Members of the context object that AWS added after some of the recordings. */
const NEWER_MEMBERS: ReadonlySet<string> = new Set(['RedriveCount']);

/** The value with every `<repeat:c:n>` written out. */
export function expandRepeats(value: Json): Json {
  if (typeof value === 'string')
    return value.replace(REPEAT, (_, c: string, n: string) => c.repeat(Number(n)));
  if (Array.isArray(value)) return value.map(expandRepeats);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expandRepeats(item)]));
}

/**
 * Whether a value is what a recording expects. `<any>` takes everything, `<timestamp>` a time, any other `<…>` any
 * text in its place; the order of an object's keys is free.
 */
export function matchesRecording(expected: Json, actual: Json | undefined): boolean {
  if (expected === '<any>') return true;
  if (typeof expected === 'string') return typeof actual === 'string' && textMatches(expected, actual);
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      expected.length === actual.length &&
      expected.every((item, index) => matchesRecording(item, actual[index]))
    );
  }
  if (!isJsonObject(expected)) return expected === actual;
  if (!isJsonObject(actual)) return false;
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].every((key) => {
    const wanted = expected[key];
    return wanted === undefined ? NEWER_MEMBERS.has(key) : matchesRecording(wanted, actual[key]);
  });
}

function textMatches(expected: string, actual: string): boolean {
  if (expected === actual) return true;
  if (expected === '<timestamp>') return TIME_LIKE.test(actual);
  const literals = expected.split(PLACEHOLDER);
  if (literals.length === 1) return false;
  const pattern = literals.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${pattern}$`, 's').test(actual);
}
