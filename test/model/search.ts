import { keyOf, Numbering, partsOf } from './numbering.ts';
import { IN_THE_END, PROMISES, type PromiseId } from './promises.ts';
import { EVENTS, type Event, TASKS, type World } from './state.ts';
import { type Play, stepsFrom } from './steps.ts';
import { startingWorld } from './world.ts';

/** A broken promise, and the shortest way there. */
export interface Counterexample {
  readonly promise: PromiseId;
  readonly how: string;
  readonly steps: readonly string[];
}

export interface Found {
  /** Worlds seen: all that can be reached, unless there is a counterexample. */
  readonly states: number;
  readonly counterexample?: Counterexample;
  /** How tasks ended where nothing more could happen, such as `M done`. */
  readonly endings: ReadonlySet<string>;
}

function startOf({ scenario, bounds, rules }: Play): World {
  const left = Object.keys(EVENTS).map((event) => [event, bounds.events[event as Event] ?? 0] as const);
  const withReplica = !rules['1 one record answers'];
  return startingWorld(scenario.start ?? {}, Object.fromEntries(left) as Record<Event, number>, withReplica);
}

function brokenIn(play: Play, world: World, inTheEnd: boolean): readonly [PromiseId, string] | undefined {
  for (const [id, condition] of inTheEnd ? [...PROMISES, ...IN_THE_END] : PROMISES) {
    const how = condition(world, play);
    if (how !== undefined) return [id, how];
  }
  return undefined;
}

/** Walks the way once more, for its words: the search keeps keys only. */
function wordsOf(play: Play, keys: readonly string[], numbering: Numbering): readonly string[] {
  let world = startOf(play);
  return keys.map((key) => {
    const step = stepsFrom(play, world).find(([, next]) => keyOf(numbering.of(partsOf(next))) === key);
    if (!step) throw new Error('the way to a world that was found is gone');
    world = step[1];
    return step[0];
  });
}

/** The keys on the way to a world, without the start's. */
function wayTo(index: number, seen: ReadonlySet<string>, parents: readonly number[]): readonly string[] {
  const keys = [...seen];
  const way: string[] = [];
  for (let at = index; at > 0; at = parents[at] as number) way.unshift(keys[at] as string);
  return way;
}

const PROGRESS_EVERY = 20_000;

/**
 * Looks at every world that can be reached, nearest first: the first broken promise has the shortest way to it.
 *
 * @param onProgress called from time to time with the number of worlds seen
 */
export function search(play: Play, onProgress: (states: number) => void = () => undefined): Found {
  const numbering = new Numbering();
  const start = startOf(play);
  const startNumbers = numbering.of(partsOf(start));
  const seen = new Set([keyOf(startNumbers)]);
  const parents = [0];
  const endings = new Set<string>();
  let level = [{ index: 0, world: start, numbers: startNumbers }];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { index, world, numbers } of level) {
      const steps = stepsFrom(play, world);
      const broken = brokenIn(play, world, steps.length === 0);
      if (broken) {
        const [promise, how] = broken;
        const way = wordsOf(play, wayTo(index, seen, parents), numbering);
        return { states: seen.size, endings, counterexample: { promise, how, steps: way } };
      }
      if (steps.length === 0) {
        for (const task of TASKS) endings.add(`${task} ${world.records[task].outcome}`);
      }
      const parts = partsOf(world);
      for (const [, reached] of steps) {
        const reachedNumbers = numbering.of(partsOf(reached), parts, numbers);
        const key = keyOf(reachedNumbers);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ index: parents.length, world: reached, numbers: reachedNumbers });
        parents.push(index);
        if (seen.size % PROGRESS_EVERY === 0) onProgress(seen.size);
      }
    }
    level = next;
  }
  return { states: seen.size, endings };
}
