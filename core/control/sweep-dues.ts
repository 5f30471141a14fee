import type { DueKind, DueRecord } from '@tanker/contract/index.ts';
import type { Failures } from '../failures.ts';
import { DatacenterSilent, type SweepDuesPorts } from './sweep-exports.ts';

type Due<D extends DueKind> = Extract<DueRecord, { due: D }>;

/** Due dates of a kind taken up by one sweep: 500 invocations of 20 ms are 10 s. The others wait for the next one. */
export const DUES_PER_SWEEP = 500;

/** What all kinds of one sweep share. */
export interface Round {
  readonly ports: SweepDuesPorts;
  /** Whether another piece of work can still be begun and the sweep end in its time. */
  readonly hasTime: () => boolean;
  readonly failures: Failures;
  /** Datacenters whose agent could not be asked in this sweep. */
  readonly silent: Set<string>;
}

export interface DuesDone<D extends DueKind> {
  /** How many have come. */
  readonly come: number;
  /** Those for which something was done. */
  readonly done: readonly Due<D>[];
  /** Those that stand as they stood: their work failed, or they did not have their turn. */
  readonly left: readonly Due<D>[];
}

const datacenterOf = (due: DueRecord): string =>
  'datacenter' in due ? due.datacenter : due.location.datacenter;

/** Of an older or a newer version of Tanker, or written by hand; its neighbours have their turn all the same. */
const NO_DUE_DATE =
  'The row is no due date by the schema of this version. Correct it, or deploy what wrote it.';

/** One of each datacenter in turn, so that a datacenter whose due dates stay keeps no other from its turn. */
export function inTurns<D extends DueRecord>(dues: readonly D[]): D[] {
  const queues = [...Map.groupBy(dues, datacenterOf).values()];
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  return Array.from({ length: longest }, (_, turn) => queues.flatMap((queue) => queue[turn] ?? [])).flat();
}

/** Looks after the due dates of a kind that have come. */
export async function sweepDues<D extends DueKind>(
  { ports, hasTime, failures, silent }: Round,
  kind: D,
  work: (ports: SweepDuesPorts, due: Due<D>) => Promise<boolean>,
): Promise<DuesDone<D>> {
  const { dues: come, unreadable } = (await failures.attempt(`The ${kind} due dates could not be read.`, () =>
    ports.dueDates.come(kind, ports.now()),
  )) ?? { dues: [], unreadable: [] };
  for (const key of unreadable)
    failures.add(`The row "${key}" could not be looked after.`, new Error(NO_DUE_DATE));
  const done: Due<D>[] = [];
  const left: Due<D>[] = [];
  for (const [index, due] of inTurns(come).entries()) {
    if (index >= DUES_PER_SWEEP || !hasTime() || silent.has(datacenterOf(due))) {
      left.push(due);
      continue;
    }
    const did = await failures.attempt(
      `The due date ${kind} of task ${due.task} could not be looked after.`,
      () =>
        work(ports, due).catch((error: unknown) => {
          if (error instanceof DatacenterSilent) silent.add(error.datacenter);
          throw error;
        }),
    );
    if (did === undefined) left.push(due);
    else if (did) done.push(due);
  }
  return { come: come.length, done, left };
}
