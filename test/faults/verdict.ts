import { DONE, formatLocation, type Outcome, sameLocation } from '@tanker/contract/index.ts';
import { LOCATIONS, type WorldLocation } from '../../demo/world/topology.ts';
import { checkBucket } from './check-bucket.ts';
import { checkHooks, type Fetcher } from './check-hooks.ts';
import { checkRecords } from './check-records.ts';
import type { Case, Company } from './company.ts';
import {
  type CopyOfCompany,
  differences,
  type Expectation,
  few,
  undelivered,
  withoutQueues,
} from './copies.ts';
import type { Told } from './customers.ts';
import { lateImports } from './ghosts.ts';
import type { LeakWatch } from './leaks.ts';
import { type Authority, authorityOf, type MatrixStage, type Observer } from './matrix-stage.ts';
import type { TaskRow } from './tasks.ts';

/** What a promise has broken, in words: `P2: rows are gone: …`. */
export type Finding = string;

/** What is known at the end of one task. */
export interface Scene {
  readonly stage: MatrixStage;
  readonly observer: Observer;
  readonly leaks: LeakWatch;
  readonly task: Case;
  /** As it was when the task began, and as it has to be now. */
  readonly company: Company;
  readonly now: Company;
  readonly expected: Outcome;
  readonly row: TaskRow | undefined;
  readonly authorityBefore: Authority;
  /** What each location held when the task began, by location. */
  readonly before: ReadonlyMap<string, CopyOfCompany>;
  readonly expectation: Expectation;
  /** What hooks had told the process beside their service when the task began, by location. */
  readonly fetchersBefore: ReadonlyMap<string, Fetcher>;
  /** Where the fault keeps hooks after the commit or an undo from being run. */
  readonly withoutHooks: WorldLocation | undefined;
  readonly told: Told;
  /** Providers that were out of reach when something was to be erased there. */
  readonly owed: readonly { readonly at: WorldLocation; readonly provider: string }[];
  /** Whether the exports of an undone task may still lie there. */
  readonly keepsExports: boolean;
}

export const prefixed = (promise: string, findings: readonly string[]): Finding[] =>
  findings.map((finding) => `${promise}: ${finding}`);

const MESSAGES_WITHIN_MS = 5000;
const LOOK_EVERY_MS = 100;

/** Whether the task moved its company, so that queues stayed behind. */
export const moves = ({ task, expected }: Pick<Scene, 'task' | 'expected'>): boolean =>
  (task.operation === 'migrate' || task.operation === 'restore') && expected === DONE[task.operation];

/** The gateway names the home that the record of the task leads to expect, and no lock is held. */
async function checkAuthority({ stage, now, row, authorityBefore, expected }: Scene): Promise<Finding[]> {
  const is = await authorityOf(stage, now.id);
  const at = is.home.location ? formatLocation(is.home.location) : is.home.state;
  const wanted = now.home ? formatLocation(now.home) : 'removed';
  const findings: Finding[] = [];
  if (at !== wanted) findings.push(`P1: the gateway names ${at}, not ${wanted}`);
  if (is.version !== now.version || is.versionTask !== now.versionTask) {
    findings.push(
      `P1: the gateway has version ${is.version} of ${is.versionTask}, not ${now.version} of ${now.versionTask}`,
    );
  }
  if (is.lock?.state === 'held') findings.push('P5: the company is still locked');
  const claimed = expected !== 'refused';
  if (claimed && row && (is.holder !== row.holder || is.epoch !== row.epoch)) {
    findings.push(
      `P1: the record's holder is ${row.holder} (${row.epoch}), the gateway's ${is.holder} (${is.epoch})`,
    );
  }
  if (is.epoch < authorityBefore.epoch) findings.push('P1: the gateway has gone back to a lower epoch');
  return findings;
}

/** Messages that the writes of the task have sent arrive, each once. */
async function checkMessages(scene: Scene, home: WorldLocation): Promise<Finding[]> {
  const deadline = Date.now() + MESSAGES_WITHIN_MS;
  for (;;) {
    const copy = await scene.observer.copyAt(home, scene.now.id);
    const findings = undelivered(copy, scene.told.deals);
    if (findings.length === 0 || Date.now() > deadline) return prefixed('P2', findings);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Home: everything that was there, what customers were acknowledged, nothing else; open, without staging. */
async function checkHome(scene: Scene, home: WorldLocation): Promise<Finding[]> {
  const { expectation } = scene;
  const isMoved = moves(scene);
  const copy = await scene.observer.copyAt(home, scene.now.id);
  const wanted = isMoved ? { ...expectation, before: withoutQueues(expectation.before) } : expectation;
  return [
    ...prefixed('P2', differences(wanted, copy)),
    ...(copy.staging.length > 0 ? [`P3: staging is left at home: ${few(copy.staging)}`] : []),
    ...(copy.closed.length > 0 ? [`P5: home is closed at ${copy.closed.join(', ')}`] : []),
    ...(await checkMessages(scene, home)),
  ];
}

/** The closed copy that a move has left: as it was at the move, and since then not touched. */
async function checkFallback(scene: Scene, at: WorldLocation): Promise<Finding[]> {
  const { now, task, before, expectation } = scene;
  const copy = await scene.observer.copyAt(at, now.id);
  const own = now.fallback?.task === task.task;
  const wanted = own
    ? { ...expectation, must: new Set<string>() }
    : unchanged(before.get(formatLocation(at)));
  const accepts = (await scene.observer.probe(at, now.id)) === undefined;
  return [
    ...prefixed('P3', differences(wanted, copy)),
    ...(copy.staging.length > 0 ? [`P3: staging is left in the fallback copy: ${few(copy.staging)}`] : []),
    ...(accepts ? ['P1: the former home accepts a write'] : []),
  ];
}

const NOTHING: CopyOfCompany = { rows: new Map(), documents: new Map(), files: 0, staging: [], closed: [] };
const unchanged = (before: CopyOfCompany = NOTHING): Expectation => ({
  before,
  must: new Set(),
  may: new Set(),
});

async function checkEmpty(scene: Scene, at: WorldLocation): Promise<Finding[]> {
  const { rows, files, staging } = await scene.observer.copyAt(at, scene.now.id);
  const owed = scene.owed.filter((one) => sameLocation(one.at, at)).map(({ provider }) => provider);
  const isOwed = (key: string) => owed.some((provider) => key.startsWith(`${provider}.`));
  const left = [...rows.keys()].filter((key) => !isOwed(key));
  const staged = staging.filter((table) => !owed.some((provider) => table.startsWith(`tanker_${provider}.`)));
  const where = formatLocation(at);
  const documents = owed.includes('documents') ? 0 : files;
  return [
    ...(left.length > 0 ? [`P3: rows are left at ${where}: ${few(left)}`] : []),
    ...(documents > 0 ? [`P3: ${documents} files are left at ${where}`] : []),
    ...(staged.length > 0 && !owed.includes('documents')
      ? [`P4: staging is left at ${where}: ${few(staged)}`]
      : []),
  ];
}

async function checkCopies(scene: Scene): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const at of LOCATIONS) {
    const { home, fallback } = scene.now;
    if (home && sameLocation(at, home)) findings.push(...(await checkHome(scene, at)));
    else if (fallback && sameLocation(at, fallback.at)) findings.push(...(await checkFallback(scene, at)));
    else findings.push(...(await checkEmpty(scene, at)));
  }
  return findings;
}

async function checkNeighbours(
  { stage, observer }: Scene,
  neighbours: readonly string[],
): Promise<Finding[]> {
  const prints = await observer.printsOf(neighbours);
  return [...prints].flatMap(([at, print]) =>
    stage.neighbours.get(at) === print ? [] : [`P8: a neighbour at ${at} is not what it was`],
  );
}

const MARGIN_MS = 60_000;

function checkLockWindow({ stage, told }: Scene): Finding[] {
  const longest = stage.topology.lockBudgetSeconds * 1000 + MARGIN_MS;
  return told.longestLockMs > longest
    ? [`P12: customers could not work for ${told.longestLockMs} ms; budget and margin are ${longest} ms`]
    : [];
}

/** Every check; a check that can't be made counts as broken. */
export async function judge(scene: Scene, neighbours: readonly string[]): Promise<Finding[]> {
  const checks: Readonly<Record<string, () => Promise<Finding[]> | Finding[]>> = {
    authority: () => checkAuthority(scene),
    copies: () => checkCopies(scene),
    ghosts: () => lateImports(scene),
    bucket: () => checkBucket(scene),
    hooks: () => checkHooks(scene),
    records: () => checkRecords(scene),
    neighbours: () => checkNeighbours(scene, neighbours),
    leaks: () => scene.leaks.look(scene),
    window: () => checkLockWindow(scene),
    writes: () =>
      scene.told.uncertain.length > 0
        ? [`P2: customers were told neither yes nor no: ${few(scene.told.uncertain)}`]
        : [],
  };
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      findings.push(...(await check()));
    } catch (error) {
      findings.push(`${name}: the check failed: ${(error as Error).stack ?? error}`);
    }
  }
  return findings;
}
