import { formatLocation, sameLocation, type TaskOperation } from '@tanker/contract/index.ts';
import { LOCATIONS, type WorldLocation } from '../../demo/world/topology.ts';
import { chosen } from './cells.ts';
import { type CopyOfCompany, type Expectation, withoutQueues } from './copies.ts';
import type { Told } from './customers.ts';

/** What the matrix knows to be true of a company, so that the next cell can begin where the last one ended. */
export interface Company {
  readonly id: string;
  /** Undefined: removed. */
  readonly home: WorldLocation | undefined;
  /** The closed copy that a move has left, and exactly what it holds. */
  readonly fallback: { readonly at: WorldLocation; readonly task: string } | undefined;
  /** Where a provider could not be cleaned, as the table has it on record. */
  readonly owing: { readonly at: WorldLocation; readonly provider: string } | undefined;
  /** What a restore has to bring back; of a removed company only. */
  readonly removed: Expectation | undefined;
  /** Backups that may be restored, by the task that made them. */
  readonly backups: readonly string[];
  /** The datacenter in whose bucket a task's exports may lie, by task. */
  readonly kept: ReadonlyMap<string, string>;
  readonly version: number;
  readonly versionTask: string | null;
  /** Tasks so far: they number the next one. */
  readonly tasks: number;
}

export const newCompany = (id: string, home: WorldLocation): Company => ({
  id,
  home,
  fallback: undefined,
  owing: undefined,
  removed: undefined,
  backups: [],
  kept: new Map(),
  version: 0,
  versionTask: null,
  tasks: 0,
});

/** Whether the operation can begin with the company as it is. */
export function isReadyFor(company: Company, operation: TaskOperation): boolean {
  if (company.owing) return false;
  switch (operation) {
    case 'migrate':
      return company.home !== undefined && company.fallback === undefined;
    case 'backup':
    case 'remove':
      return company.home !== undefined;
    case 'restore':
      return company.home === undefined;
    case 'cleanup':
      return company.fallback !== undefined;
  }
}

/** The next operation on the way to a company that is ready for the wanted one. */
export function stepTowards(company: Company, wanted: TaskOperation): TaskOperation {
  if (company.owing) return 'cleanup';
  if (company.home === undefined) return 'restore';
  if (wanted === 'restore') return 'remove';
  // For a cleanup there is no copy yet; for a migration there is one too many.
  return wanted === 'cleanup' ? 'migrate' : 'cleanup';
}

/** One task of one company: who, from where, to where. */
export interface Case {
  readonly operation: TaskOperation;
  readonly task: string;
  readonly company: string;
  readonly input: { readonly task: string } & Readonly<Record<string, unknown>>;
  readonly from?: WorldLocation;
  readonly to?: WorldLocation;
  /** Where a cleanup erases. */
  readonly at?: WorldLocation;
  /** The task whose exports an import reads. */
  readonly exportedBy: string;
}

/** The next task of a company; `choice` decides between several targets, the same for the same text. */
export function caseOf(company: Company, operation: TaskOperation, choice: string, reason: string): Case {
  const { id, home, fallback, owing, backups } = company;
  const task = `${id}-${company.tasks + 1}`;
  const asked = { task, company: id, requestedBy: 'the fault matrix', reason };
  const common = { operation, task, company: id, exportedBy: task };
  const targets = LOCATIONS.filter((location) => !home || !sameLocation(location, home));
  const to = targets[chosen(`${choice}/${home ? formatLocation(home) : ''}`, targets.length)];
  switch (operation) {
    case 'migrate':
      return { ...common, input: { ...asked, to }, ...some('from', home), ...some('to', to) };
    case 'backup':
    case 'remove':
      return { ...common, input: asked, ...some('from', home) };
    case 'restore': {
      const backup = backups.at(-1) ?? '';
      return { ...common, exportedBy: backup, input: { ...asked, backup, to }, ...some('to', to) };
    }
    case 'cleanup': {
      const at = owing?.at ?? fallback?.at;
      return { ...common, input: { ...asked, at, early: true }, ...some('at', at) };
    }
  }
}

const some = <K extends string>(key: K, location: WorldLocation | undefined) =>
  (location ? { [key]: location } : {}) as { [P in K]?: WorldLocation };

/** What home has to hold at the end of a task, whatever became of it. */
export function expectationOf(company: Company, before: CopyOfCompany | undefined, told: Told): Expectation {
  if (company.removed) return company.removed;
  if (!before) throw new Error(`Nobody has read what ${company.id} has at home.`);
  return { before, must: told.acknowledged, may: told.sent };
}

/** The company after its task has ended so. */
export function afterTask(
  company: Company,
  { operation, task, from, to }: Case,
  isDone: boolean,
  expectation: Expectation,
): Company {
  const next = { ...company, tasks: company.tasks + 1 };
  if (!isDone) return next;
  const kept = from ? new Map([...company.kept, [task, from.datacenter]]) : company.kept;
  const raised = { version: company.version + 1, versionTask: task };
  switch (operation) {
    case 'migrate':
      return { ...next, ...raised, kept, home: to, fallback: from ? { at: from, task } : undefined };
    case 'backup':
      return { ...next, kept, backups: [...company.backups, task] };
    case 'remove':
      return {
        ...next,
        ...raised,
        kept,
        home: undefined,
        fallback: undefined,
        removed: { ...expectation, before: withoutQueues(expectation.before) },
        backups: [...company.backups, task],
      };
    case 'restore':
      return { ...next, ...raised, home: to, removed: undefined };
    case 'cleanup':
      return company.owing ? { ...next, owing: undefined } : { ...next, fallback: undefined };
  }
}
