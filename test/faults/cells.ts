import { createHash } from 'node:crypto';
import { OPERATIONS, type Operation } from '@tanker/contract/index.ts';
import { ACTORS, type PhaseActors, STRUCK } from './actors.ts';

/** How a fault comes about. `before` and `after`: of the side effect of the phase. */
export const WAYS = {
  stopped: 'StopExecution; the call of the phase comes, or is answered, after the task has ended',
  'fails-once': 'the function fails once before it does anything, or dies once when it has done its work',
  fails: 'the function fails for good before it does anything, or dies whenever it has done its work',
  doubled: 'the call is delivered twice: both beside each other, or the second one when the task has ended',
  'call-lost': 'the call is lost once, or it is made and its answer is lost once',
  'worker-killed': "SIGKILL for the agent's process when its call is on the way, or is done and not answered",
  'provider-once':
    'the provider can not be reached once: the connection breaks before, or after, it has done its work',
  'provider-down':
    'the provider can not be reached any more, from before, or from after, it has done its work',
  'gateway-once': 'the gateway can not be reached for all tries of one call: it hears none of them, or each',
  's3-once': 'S3 answers 503 SlowDown three times, or its answer is lost once',
  's3-refuses': 'S3 answers 503 SlowDown for good, or all of its answers are lost',
} as const;
export type Way = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as Way[];

export const SIDES = ['before', 'after'] as const;
export type When = (typeof SIDES)[number];

export interface Cell {
  readonly operation: Operation;
  readonly phase: string;
  readonly way: Way;
  readonly when: When;
}

export const cellId = ({ operation, phase, way, when }: Cell): string =>
  `${operation}/${phase}/${way}/${when}`;

export const actorsOf = ({ operation, phase }: Pick<Cell, 'operation' | 'phase'>): PhaseActors | undefined =>
  (ACTORS[operation] as Readonly<Record<string, PhaseActors>>)[phase];

/** Why a combination makes no sense, by rule; undefined for one that does. */
export function whySkipped(cell: Cell): string | undefined {
  const actors = actorsOf(cell);
  if (actors === undefined) return 'there is no such phase';
  const { main, agent, bucket } = actors;
  switch (cell.way) {
    case 'worker-killed':
    case 'provider-once':
    case 'provider-down':
      return agent ? undefined : 'no worker acts at a provider in this phase';
    case 'gateway-once':
      return main.kind === 'control' && main.gateway
        ? undefined
        : 'nothing is written at the gateway in this phase';
    case 's3-once':
    case 's3-refuses':
      return bucket ? undefined : 'nothing of the phase reads or writes the bucket';
    default:
      return undefined;
  }
}

const combinations: readonly Cell[] = OPERATIONS.flatMap((operation) =>
  STRUCK[operation].flatMap((phase) =>
    WAY_NAMES.flatMap((way) => SIDES.map((when) => ({ operation, phase, way, when }))),
  ),
);

/** Every combination that makes sense. */
export const CELLS: readonly Cell[] = combinations.filter((cell) => whySkipped(cell) === undefined);
/** The others, each with its reason. */
export const SKIPPED: readonly { readonly cell: Cell; readonly why: string }[] = combinations.flatMap(
  (cell) => {
    const why = whySkipped(cell);
    return why === undefined ? [] : [{ cell, why }];
  },
);

/** A number below `below` that the same text always gives. */
export const chosen = (text: string, below: number): number =>
  createHash('sha256').update(text).digest().readUInt32BE(0) % below;

/** So many cells, the same for the same seed, as different in operation and way as their number allows. */
export function sampleOf(cells: readonly Cell[], seed: string, count: number): Cell[] {
  const rank = (cell: Cell) =>
    createHash('sha256')
      .update(`${seed}/${cellId(cell)}`)
      .digest('hex');
  const waiting = [...cells].sort((a, b) => rank(a).localeCompare(rank(b)));
  const taken: Cell[] = [];
  const seen = (cell: Cell) =>
    taken.filter(({ operation }) => operation === cell.operation).length +
    taken.filter(({ way }) => way === cell.way).length;
  while (taken.length < count && waiting.length > 0) {
    const fewest = Math.min(...waiting.map(seen));
    taken.push(
      ...waiting.splice(
        waiting.findIndex((cell) => seen(cell) === fewest),
        1,
      ),
    );
  }
  return taken;
}

/** Whether an id is meant by one of the patterns: a full id, or its first words; `*` stands for any word. */
export const isMeant = (cell: Cell, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const words = cellId(cell).split('/');
    return pattern.split('/').every((word, index) => word === '*' || word === words[index]);
  });
