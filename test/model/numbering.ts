import type { World } from './state.ts';

type Part = object | null;

/** What a world is made of, always in this order; then the calls under way, which have none. */
export function partsOf(world: World): readonly Part[] {
  const { authority, replica, row, fallback, backup, acknowledged, left, queues, network } = world;
  const { records, executions, providers } = world;
  const parts: Part[] = [authority, replica, row, fallback, backup, acknowledged, left, queues.S, queues.T];
  parts.push(records.M, records.N, executions.M, executions.N, executions.R1, executions.R2, executions.R3);
  parts.push(providers.S0, providers.S1, providers.T0, providers.T1);
  for (const message of network) parts.push(message);
  return parts;
}

/** The parts that are no calls under way. */
const FIXED = 20;

/** The values of a part, one after the other: objects of one kind have the same fields in the same order. */
function textOf(part: object): string {
  let text = '';
  for (const value of Object.values(part)) {
    text += typeof value === 'object' && value !== null ? `(${textOf(value)})` : `${value},`;
  }
  return text;
}

/** Numbers the parts of worlds, equal parts alike: a world is then a short text, equal for equal worlds. */
export class Numbering {
  readonly #byText = new Map<string, number>();

  /** A number for each part. What the world shares with the one that it comes from is not read again. */
  of(
    parts: readonly Part[],
    cameFrom: readonly Part[] = [],
    theirs: readonly number[] = [],
  ): readonly number[] {
    return parts.map((part, index) => {
      const same = index < FIXED ? (part === cameFrom[index] ? index : -1) : cameFrom.indexOf(part, FIXED);
      return theirs[same] ?? this.#numberOf(part);
    });
  }

  #numberOf(part: Part): number {
    if (part === null) return 0;
    const text = textOf(part);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const number = this.#byText.size + 1;
    this.#byText.set(text, number);
    return number;
  }
}

/** A UTF-16 unit that is no half of a surrogate pair holds 15 bits. */
const UNIT_BITS = 15;
const ALL_BITS = (1 << UNIT_BITS) - 1;

/** The canonical key of a world by its numbers: a unit for a small one, three for a large one. */
export function keyOf(numbers: readonly number[]): string {
  const calls = numbers.slice(FIXED).sort((one, other) => one - other);
  const units: number[] = [];
  for (let index = 0; index < numbers.length; index += 1) {
    const number = (index < FIXED ? numbers[index] : calls[index - FIXED]) as number;
    if (number < ALL_BITS) units.push(number);
    else units.push(ALL_BITS, number & ALL_BITS, number >>> UNIT_BITS);
  }
  return String.fromCharCode(...units);
}
