import {
  CONTRACT_VERSION,
  type FallbackRecord,
  type Format,
  formatLocation,
  type Location,
  type Summary,
  sameLocation,
  TankerError,
  type TaskOperation,
  type Topology,
} from '@tanker/contract/index.ts';
import { checkBudget } from './lock-budget.ts';
import type { Answer, ProspectPorts } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';
import { importWaves } from './waves.ts';

/** What a plan checks, each by itself: every operation picks its own. All throw the refusal. */

/** State transitions, gateway calls and polls inside the lock window, measured on AWS with warm workers: about 3 s. */
export const FIXED_WINDOW_SECONDS = 3;

export const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);
export const bytesOf = (summary: Summary): number =>
  sum(summary.collections.map((collection) => collection.bytes));
export const rowsOf = (summary: Summary): number =>
  sum(summary.collections.map((collection) => collection.rows));
export const placeOf = (answer: Answer): string => `${answer.provider} at ${formatLocation(answer.location)}`;
const formatText = (format: Format): string => `${format.name} version ${format.version}`;

/** Who answers is who the topology names, and speaks this version of the contract. */
export function checkIdentity(answer: Answer): void {
  const { describe } = answer;
  if (describe.name !== answer.provider) {
    throw new TankerError('ProviderMismatch', {
      what: `The endpoint of ${placeOf(answer)} answers as "${describe.name}".`,
      now: UNTOUCHED,
      next: "Correct the provider's endpoint in the topology and deploy.",
    });
  }
  if (describe.contractVersion !== CONTRACT_VERSION) {
    throw new TankerError('ContractUnsupported', {
      what: `${placeOf(answer)} speaks version ${describe.contractVersion} of the contract, not ${CONTRACT_VERSION}.`,
      now: UNTOUCHED,
      next: 'Deploy a provider, or a Tanker, of the same contract version.',
    });
  }
}

/** Nothing of the company would be left out of its export. */
export function checkClaimed(answer: Answer): void {
  const [place] = answer.summary.unclaimed.filter((found) => found.rows > 0);
  if (!place) return;
  throw new TankerError('RowsUnclaimed', {
    what: `${placeOf(answer)} holds ${place.rows} row(s) of the company in ${place.place} that no collection claims.`,
    now: UNTOUCHED,
    next: `Let the provider export ${place.place}, or delete the rows if nobody needs them; they would be lost.`,
  });
}

/** The target reads what it will be given. `writer` says in what, and whose words these are. */
export function checkReadable(format: Format, writer: string, target: Answer): void {
  if (target.describe.reads.some((f) => f.name === format.name && f.version === format.version)) return;
  throw new TankerError('FormatUnreadable', {
    what: `${writer} ${formatText(format)}; ${placeOf(target)} reads ${target.describe.reads.map(formatText).join(', ') || 'nothing'}.`,
    now: UNTOUCHED,
    next: 'Deploy the reader first: a version that reads the format must run at the target.',
  });
}

export const writerOf = (source: Answer): string => `${placeOf(source)} writes`;

/** Nothing of the company lies at the target; a fallback copy of an earlier move is named with its way out. */
export function checkEmpty(target: Answer, company: string, fallback: FallbackRecord | undefined): void {
  const rows = rowsOf(target.summary) + sum(target.summary.unclaimed.map((found) => found.rows));
  if (rows === 0) return;
  const { datacenter, server } = target.location;
  const kept = fallback?.state === 'kept' ? fallback : undefined;
  throw new TankerError('TargetNotEmpty', {
    what: `${placeOf(target)} already holds ${rows} row(s) of company "${company}".`,
    now: kept
      ? `${UNTOUCHED} They are the fallback copy that task "${kept.task}" left there, kept until ${kept.cleanupAt}.`
      : UNTOUCHED,
    next: kept
      ? `Give the copy up first if nobody needs it to go back to (\`tanker cleanup ${company} --at ${datacenter}/${server} --early\`), then start again under a new task id.`
      : 'Find out whose rows they are and have them erased, then start again under a new task id.',
  });
}

/** No leftover of an earlier task lies at a location that is to be used. */
export async function checkDebts(ports: ProspectPorts, company: string, location: Location): Promise<void> {
  const debt = (await ports.debts.list(company)).find((one) => sameLocation(one.location, location));
  if (!debt) return;
  throw new TankerError('DebtOutstanding', {
    what: `Task "${debt.task}" could not clean ${debt.provider} at ${formatLocation(debt.location)} (${debt.error}).`,
    now: `${UNTOUCHED} Leftovers of the company may be there; the sweeper tries again to erase them.`,
    next: `Bring that provider back, wait for the sweeper or run \`tanker cleanup ${company} --at ${formatLocation(location)}\`, then start again under a new task id.`,
  });
}

/** Import order by the rules of the topology and of the providers that are asked. */
export function planWaves(topology: Topology, answers: readonly Answer[]): string[][] {
  const names = answers.map((answer) => answer.provider);
  const after = new Map(
    topology.providers.map((provider) => [
      provider.name,
      [
        ...provider.importAfter,
        ...(answers.find((answer) => answer.provider === provider.name)?.describe.importAfter ?? []),
      ],
    ]),
  );
  const placed = importWaves(names, after);
  if ('waves' in placed) return placed.waves;
  throw new TankerError('ProviderMismatch', {
    what: `The importAfter rules of ${placed.circle.join(', ')} run in a circle: those of the topology together with the providers' own.`,
    now: UNTOUCHED,
    next: 'Remove one of the rules; describe shows what each provider asks for.',
  });
}

/** What goes through the lock window: which bytes are exported at once, and which are imported wave after wave. */
export interface Window {
  readonly bytes: ReadonlyMap<string, number>;
  readonly exports: boolean;
  readonly waves: readonly (readonly string[])[];
}

/**
 * Seconds that the traffic lock would last: every provider exports at once, then wave after wave imports, each at the
 * assumed rate. With more providers than the concurrency the bytes queue up: the larger of the two bounds holds.
 */
export function estimateSeconds(topology: Topology, { bytes, exports, waves }: Window): number {
  const rate = topology.assumedBytesPerSecond;
  const lanes = topology.concurrency.providers;
  const stage = (names: readonly string[]): number => {
    const sizes = names.map((name) => bytes.get(name) ?? 0);
    return Math.max(0, ...sizes, sum(sizes) / lanes) / rate;
  };
  return FIXED_WINDOW_SECONDS + (exports ? stage([...bytes.keys()]) : 0) + sum(waves.map(stage));
}

/** The plan's estimate. Throws LockBudgetExceeded when it is over the operation's budget. */
export function estimateWindow(
  topology: Topology,
  operation: TaskOperation,
  window: Window,
): { bytes: number; seconds: number } {
  const seconds = estimateSeconds(topology, window);
  const estimate = { bytes: sum([...window.bytes.values()]), seconds };
  checkBudget(topology, operation, { estimate });
  return estimate;
}
