import type { Event, World } from './state.ts';

/** One step of the world: what happened, as an engineer would tell it, and what is true then. */
export type Step = readonly [what: string, world: World];

/** Takes one from what the bounds allow. */
export const spend = (world: World, event: Event): World => ({
  ...world,
  left: { ...world.left, [event]: world.left[event] - 1 },
});

export const allowed = <T>(only: readonly T[] | undefined, one: T): boolean =>
  only === undefined || only.includes(one);
