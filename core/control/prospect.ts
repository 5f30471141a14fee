import type {
  AuthorityRecord,
  Debt,
  Describe,
  InputOf,
  Location,
  Plan,
  Summary,
  TaskOperation,
  Topology,
} from '@tanker/contract/index.ts';
import type { Backups, Debts, Fallbacks, Ledger } from '../ports.ts';

/** What one provider answered at one location. */
export interface Answer {
  readonly provider: string;
  readonly location: Location;
  readonly describe: Describe;
  readonly summary: Summary;
}

/** What an operation can be seen to be from the records alone, before any provider is asked. */
export interface Prospect {
  /** Who is asked. */
  readonly checks: readonly Debt[];
  /** Checks the answers, in the order of `checks`, and fixes the plan. Throws the refusal. Reads and writes nothing. */
  examine(answers: readonly Answer[]): Plan;
}

export interface ProspectPorts {
  readonly topology: Topology;
  readonly debts: Pick<Debts, 'list'>;
  readonly fallbacks: Pick<Fallbacks, 'get'>;
  readonly backups: Pick<Backups, 'get'>;
  readonly ledger: Pick<Ledger, 'get'>;
  readonly now: () => Date;
}

/** What an operation's input comes to. Throws the refusal that the records alone tell. Reads only. */
export type Planner<O extends TaskOperation> = (
  ports: ProspectPorts,
  input: InputOf<O>,
  authority: AuthorityRecord,
) => Promise<Prospect>;

/** Every provider of the topology, at one location. */
export const everyProvider = (topology: Topology, location: Location): Debt[] =>
  topology.providers.map(({ name }) => ({ provider: name, location }));
