import {
  CONTRACT_VERSION,
  type DebtRecord,
  type Describe,
  formatLocation,
  type Location,
  type Plan,
  type PlannedProvider,
  type Summary,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';
import { chooseTransfer } from './choose-transfer.ts';
import { importWaves } from './waves.ts';

/** What one provider answered at one location. */
export interface Answer {
  readonly provider: string;
  readonly location: Location;
  readonly describe: Describe;
  readonly summary: Summary;
}

export interface Findings {
  readonly company: string;
  readonly from: Location;
  readonly to: Location;
  readonly version: number;
  readonly source: readonly Answer[];
  readonly target: readonly Answer[];
  readonly debts: readonly DebtRecord[];
}

/** State transitions, gateway calls and polls inside the lock window, measured on AWS with warm workers: about 3 s. */
export const FIXED_WINDOW_SECONDS = 3;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const bytesOf = (summary: Summary): number => sum(summary.collections.map((collection) => collection.bytes));
const rowsOf = (summary: Summary): number => sum(summary.collections.map((collection) => collection.rows));
const at = (answer: Answer): string => `${answer.provider} at ${formatLocation(answer.location)}`;
const formatText = (format: { name: string; version: number }): string =>
  `${format.name} version ${format.version}`;
const UNTOUCHED = 'Nothing was touched.';

function checkIdentity(answer: Answer): void {
  const { describe } = answer;
  if (describe.name !== answer.provider) {
    throw new TankerError('ProviderMismatch', {
      what: `The endpoint of ${at(answer)} answers as "${describe.name}".`,
      now: UNTOUCHED,
      next: "Correct the provider's endpoint in the topology and deploy.",
    });
  }
  if (describe.contractVersion !== CONTRACT_VERSION) {
    throw new TankerError('ContractUnsupported', {
      what: `${at(answer)} speaks version ${describe.contractVersion} of the contract, not ${CONTRACT_VERSION}.`,
      now: UNTOUCHED,
      next: 'Deploy a provider, or a Tanker, of the same contract version.',
    });
  }
}

function checkSource(answer: Answer): void {
  checkIdentity(answer);
  const [place] = answer.summary.unclaimed.filter((found) => found.rows > 0);
  if (place) {
    throw new TankerError('RowsUnclaimed', {
      what: `${at(answer)} holds ${place.rows} row(s) of the company in ${place.place} that no collection claims.`,
      now: UNTOUCHED,
      next: `Let the provider export ${place.place}, or delete the rows if nobody needs them; they would be lost.`,
    });
  }
}

function checkTarget(source: Answer, target: Answer): void {
  checkIdentity(target);
  const { writes } = source.describe;
  if (!target.describe.reads.some((f) => f.name === writes.name && f.version === writes.version)) {
    throw new TankerError('FormatUnreadable', {
      what: `${at(source)} writes ${formatText(writes)}; ${at(target)} reads ${target.describe.reads.map(formatText).join(', ')}.`,
      now: UNTOUCHED,
      next: 'Deploy the reader first: a version that reads the format must run at the target.',
    });
  }
  const rows = rowsOf(target.summary) + sum(target.summary.unclaimed.map((found) => found.rows));
  if (rows > 0) {
    throw new TankerError('TargetNotEmpty', {
      what: `${at(target)} already holds ${rows} row(s) of the company.`,
      now: UNTOUCHED,
      next: 'Find out whose rows they are. A fallback copy of an earlier move must be cleaned up first.',
    });
  }
}

function checkDebts(findings: Findings): void {
  const debt = findings.debts.find(
    (candidate) => formatLocation(candidate.location) === formatLocation(findings.to),
  );
  if (!debt) return;
  throw new TankerError('DebtOutstanding', {
    what: `Task "${debt.task}" could not clean ${debt.provider} at ${formatLocation(debt.location)} (${debt.error}).`,
    now: `${UNTOUCHED} Leftovers of the company may be there.`,
    next: 'Bring that provider back, erase what is left there, then start again under a new task id.',
  });
}

function planProvider(topology: Topology, source: Answer, target: Answer): PlannedProvider {
  const bytes = bytesOf(source.summary);
  return {
    name: source.provider,
    sourceIncarnation: source.describe.incarnation,
    targetIncarnation: target.describe.incarnation,
    format: source.describe.writes,
    rows: rowsOf(source.summary),
    bytes,
    transfer: chooseTransfer(topology, source.provider, bytes),
    sourceHooks: source.describe.hooks,
    targetHooks: target.describe.hooks,
  };
}

function planWaves(topology: Topology, source: readonly Answer[]): string[][] {
  const after = new Map(
    topology.providers.map((provider) => [
      provider.name,
      [
        ...provider.importAfter,
        ...(source.find((answer) => answer.provider === provider.name)?.describe.importAfter ?? []),
      ],
    ]),
  );
  const waves = importWaves(
    source.map((answer) => answer.provider),
    after,
  );
  if (waves) return waves;
  throw new TankerError('ProviderMismatch', {
    what: 'The importAfter rules of topology and providers together run in a circle.',
    now: UNTOUCHED,
    next: 'Remove one of the rules; describe shows what each provider asks for.',
  });
}

/**
 * Seconds that the traffic lock would last: every provider exports at once, then wave after wave imports, each at the
 * assumed rate. With more providers than the concurrency the bytes queue up: the larger of the two bounds holds.
 */
export function estimateSeconds(
  topology: Topology,
  bytes: ReadonlyMap<string, number>,
  waves: readonly string[][],
) {
  const rate = topology.assumedBytesPerSecond;
  const lanes = topology.concurrency.providers;
  const stage = (names: readonly string[]): number => {
    const sizes = names.map((name) => bytes.get(name) ?? 0);
    return Math.max(...sizes, sum(sizes) / lanes) / rate;
  };
  return FIXED_WINDOW_SECONDS + stage([...bytes.keys()]) + sum(waves.map(stage));
}

/** Checks all that was found and fixes the plan. Throws the refusal. Reads and writes nothing. */
export function examine(topology: Topology, findings: Findings): Plan {
  // First, since rows of a debt are found too: the debt says whose they are and what to do about them.
  checkDebts(findings);
  const targets = new Map(findings.target.map((answer) => [answer.provider, answer]));
  const providers = findings.source.map((source) => {
    const target = targets.get(source.provider);
    if (!target) throw new Error(`no answer of ${source.provider} at the target`);
    checkSource(source);
    checkTarget(source, target);
    return planProvider(topology, source, target);
  });
  const waves = planWaves(topology, findings.source);
  const seconds = estimateSeconds(topology, new Map(providers.map((p) => [p.name, p.bytes])), waves);
  const bytes = sum(providers.map((provider) => provider.bytes));
  if (seconds > topology.lockBudgetSeconds) {
    throw new TankerError('LockBudgetExceeded', {
      what: `Moving ${bytes} bytes would lock the company for about ${Math.ceil(seconds)} s; the budget is ${topology.lockBudgetSeconds} s.`,
      now: UNTOUCHED,
      next: 'Raise lockBudgetSeconds in the topology after agreeing on the longer lock, or move the company at another time.',
    });
  }
  return {
    from: findings.from,
    to: findings.to,
    version: findings.version,
    providers,
    waves,
    estimate: { bytes, seconds },
  };
}
