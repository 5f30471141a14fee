import { createHash, randomUUID } from 'node:crypto';
import jsonata from 'jsonata';
import { FAULT_CODE } from './expressions.ts';

/** What the functions take from outside: time and chance, so that a run can be repeated. */
export interface Chance {
  now(): number;
  random(): number;
}

/** Hash algorithms of `$hash`. Source: Step Functions developer guide, JSONata functions. */
const HASHES: { readonly [name: string]: string } = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** Most elements that `$range` makes. Source: States.ArrayRange in the Step Functions developer guide. */
const RANGE_LIMIT = 1_000;

/** The functions that Step Functions adds to JSONata. Source: Step Functions developer guide, JSONata functions. */
export const STEP_FUNCTIONS_NAMES: ReadonlySet<string> = new Set([
  'partition',
  'range',
  'hash',
  'random',
  'uuid',
  'parse',
]);

/** JSONata's own formatting, for `$now` on another clock than the machine's. */
const FORMAT_INSTANT = jsonata('$fromMillis($at, $picture, $timezone)');

/**
 * Bindings for one evaluation: Step Functions' functions, and `$now` and `$millis` on the given clock, which read the
 * same instant throughout. `$eval` is bound to nothing, since Step Functions has none.
 */
export function stepFunctions(chance: Chance): Record<string, unknown> {
  const at = chance.now();
  return {
    partition,
    range,
    hash,
    parse,
    random: (seed?: number) => (seed === undefined ? chance.random() : seeded(Math.floor(seed))),
    uuid: () => randomUUID(),
    millis: () => at,
    now: (picture?: string, timezone?: string) =>
      FORMAT_INSTANT.evaluate(undefined, { at, picture, timezone }),
    eval: undefined,
  };
}

function partition(array: unknown, size: unknown): unknown {
  if (array === undefined) return undefined;
  const items = Array.isArray(array) ? array : [array];
  const step = typeof size === 'number' ? Math.floor(size) : 0;
  if (step < 1) throw argumentError('partition', 2, 'must be a positive number');
  return Array.from({ length: Math.ceil(items.length / step) }, (_, index) =>
    items.slice(index * step, (index + 1) * step),
  );
}

/** One number comes back bare, none as nothing: JSONata's sequences collapse (recorded for one). */
function range(from: unknown, to: unknown, by: unknown): unknown {
  const [start, end, step] = [from, to, by].map((value, index) => {
    if (typeof value !== 'number') throw argumentError('range', index + 1, 'must be a number');
    return Math.floor(value);
  }) as [number, number, number];
  if (step === 0) throw argumentError('range', 3, 'must not be 0');
  const length = Math.max(0, Math.floor((end - start) / step) + 1);
  if (length > RANGE_LIMIT) throw argumentError('range', 2, `makes more than ${RANGE_LIMIT} numbers`);
  const numbers = Array.from({ length }, (_, index) => start + index * step);
  return numbers.length > 1 ? numbers : numbers[0];
}

function hash(data: unknown, algorithm: unknown): unknown {
  if (data === undefined) return undefined;
  const name = HASHES[String(algorithm ?? 'SHA-256')];
  if (name === undefined) throw argumentError('hash', 2, `must be one of ${Object.keys(HASHES).join(', ')}`);
  return createHash(name)
    .update(typeof data === 'string' ? data : JSON.stringify(data))
    .digest('hex');
}

function parse(text: unknown): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(String(text));
  } catch {
    throw argumentError('parse', 1, 'is not JSON');
  }
}

/** A number in [0, 1) that depends on the seed alone. */
function seeded(seed: number): number {
  return createHash('sha256').update(String(seed)).digest().readUInt32BE() / 2 ** 32;
}

/** The form of JSONata's own errors, whose code and message stand in the cause. */
function argumentError(name: string, index: number, problem: string): unknown {
  return { code: FAULT_CODE, message: `Argument ${index} of function "${name}" ${problem}` };
}
