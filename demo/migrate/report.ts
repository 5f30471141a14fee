import type { CollectionDigest, Outcome, SubtaskRecord } from '@tanker/contract/index.ts';
import type { LockWindow } from '@tanker/sdk/lock-window.ts';
import { wholeNumber as number, secondsText as seconds, textTable as table } from '@tanker/sdk/text.ts';

export const PROMISES = ['P1', 'P2', 'P3', 'P4', 'P6', 'P7', 'P8', 'P11'] as const;
export type PromiseId = (typeof PROMISES)[number];

export const PROMISE_TEXT: Record<PromiseId, string> = {
  P1: 'one home',
  P2: 'nothing lost',
  P3: 'all or nothing',
  P4: 'no ghosts',
  P6: 'one task per company',
  P7: 'verified before visible',
  P8: 'neighbours untouched',
  P11: 'evidence, without customer data',
};

export interface ProviderReport {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly digestSource: string | null;
  readonly digestTarget: string | null;
  readonly equal: boolean;
}

/** How a migration that is no dry run can end. */
export type MigrateEnd = Extract<Outcome, 'migrated' | 'undone' | 'refused'>;

/** What .tanker/demo/report.json holds. Stable: programs read it. */
export interface DemoReport {
  readonly story: 'migrate';
  readonly outcome: MigrateEnd;
  readonly promisesHeld: boolean;
  readonly promises: Record<PromiseId, boolean>;
  /** What an independent check saw broken, by promise; empty when all held. */
  readonly violations: Partial<Record<PromiseId, readonly string[]>>;
  readonly task: string;
  readonly company: string;
  /** As datacenter/server. */
  readonly from: string;
  readonly to: string;
  readonly lockWindow: LockWindow | null;
  readonly phases: readonly { name: string; seconds: number }[];
  readonly providers: readonly ProviderReport[];
  readonly traffic: { acknowledged: number; found: number; lost: number; refusedWhileLocked: number };
  readonly neighbours: { checked: number; changed: number };
  readonly stateTransitions: number;
  readonly historyEvents: number;
}

const MODULUS = 1n << 128n;

/** The sum of a provider's collection digests, as one figure. */
function digestOf(collections: readonly CollectionDigest[]): string {
  const sum = collections.reduce((total, { digest }) => (total + BigInt(`0x${digest.sum}`)) % MODULUS, 0n);
  return sum.toString(16).padStart(32, '0');
}

/** Rows, bytes and digests per provider, from the subtasks' records. */
export function providerReports(
  names: readonly string[],
  subtasks: readonly SubtaskRecord[],
): ProviderReport[] {
  return names.map((name) => {
    const results = subtasks.flatMap((s) =>
      s.provider === name && s.state === 'succeeded' ? [s.result] : [],
    );
    const exported = results.find((result) => result.action === 'export');
    const sealed = results.find((result) => result.action === 'seal');
    const digestSource = exported ? digestOf(exported.collections) : null;
    const digestTarget = sealed ? digestOf(sealed.collections) : null;
    return {
      name,
      rows: exported?.rows ?? 0,
      bytes: exported?.bytesStored ?? 0,
      digestSource,
      digestTarget,
      equal: digestSource !== null && digestSource === digestTarget,
    };
  });
}

const cut = (digest: string | null): string => (digest === null ? '—' : `${digest.slice(0, 12)}…`);

function windowText(window: LockWindow | null): string {
  if (window === null) return '  The traffic was never locked.';
  const { seconds: all, movingSeconds, fixedSeconds } = window;
  return `  ${seconds(all)} = ${seconds(movingSeconds)} moving data + ${seconds(fixedSeconds)} fixed`;
}

const OUTCOME_TEXT: Readonly<Record<MigrateEnd, string>> = {
  migrated: 'The company lives at the target.',
  undone: 'The company lives at the source, unlocked and unchanged.',
  refused: 'The task was refused; nothing was touched.',
};

/** The report as a person reads it at the end of the demo. */
export function reportText(report: DemoReport): string {
  const { traffic, neighbours } = report;
  const providers = report.providers.map((p) => [
    p.name,
    number(p.rows),
    number(p.bytes),
    cut(p.digestSource),
    cut(p.digestTarget),
    p.digestTarget === null ? '' : p.equal ? 'equal' : 'DIFFERENT',
  ]);
  const promises = PROMISES.map((id) => [
    id,
    PROMISE_TEXT[id],
    report.promises[id] ? 'held' : `BROKEN: ${(report.violations[id] ?? []).join('; ')}`,
  ]);
  return [
    `Task ${report.task}: ${report.company}, ${report.from} to ${report.to}: ${report.outcome}. ${OUTCOME_TEXT[report.outcome]}`,
    `\nPhases\n${table(
      report.phases.map((phase) => [phase.name, seconds(phase.seconds)]),
      [1],
    )}`,
    `\nLock window\n${windowText(report.lockWindow)}`,
    `\nProviders\n${table([['', 'rows', 'bytes', 'digest at source', 'digest at target', ''], ...providers], [1, 2])}`,
    `\nCustomers' writes\n  ${number(traffic.acknowledged)} acknowledged, ${number(traffic.found)} found, ${number(traffic.lost)} lost, ${number(traffic.refusedWhileLocked)} refused while locked`,
    `\nNeighbours\n  ${neighbours.checked} companies checked, ${neighbours.changed} changed`,
    `\nOrchestration\n  ${report.stateTransitions} state transitions, ${report.historyEvents} history events`,
    `\nPromises, each by a check of its own\n${table(promises, [])}`,
  ].join('\n');
}
