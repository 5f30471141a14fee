import {
  formatHolder,
  formatLocation,
  type Location,
  MigrateInput,
  type Plan,
  type PlanMigrationResult,
  type SubtaskRecord,
  type SubtaskStatus,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Authority, Claims, Debts, Log, OpenTaskRecord, Subtasks, Tasks } from '../ports.ts';
import { type Answer, examine } from './examine.ts';
import { checkFree, companyBusy, refuseTask } from './open-task.ts';
import { checkMove, homeOf, resolveTarget } from './placement.ts';
import { resultOf, taskClosed } from './records.ts';
import { refusalOf, refusedOr } from './refusal.ts';

export interface PlanPorts {
  readonly topology: Topology;
  readonly authority: Authority;
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly debts: Debts;
  readonly log: Log;
}

export interface PlanOrder {
  readonly task: string;
  readonly company: string;
  readonly executionName: string;
  readonly describes: readonly SubtaskStatus[];
}

/** Errors of a describe that say more than "did not answer". */
const TELLING = new Set([
  'ProviderUnreachable',
  'RequestUnauthorized',
  'ResourceUnknown',
  'ContractUnsupported',
]);

function unreachable(failed: SubtaskStatus): TankerError {
  const name = failed.error && TELLING.has(failed.error) && failed.error !== 'ProviderUnreachable';
  return new TankerError('ProviderUnreachable', {
    what: `${failed.provider} at ${formatLocation(failed.location)} could not be asked${name ? ` (${failed.error})` : ''}: ${failed.cause || failed.error}`,
    now: 'Nothing was touched.',
    next: 'Bring the provider back, or correct its endpoint and secret, then start again under a new task id.',
  });
}

function answersAt(
  topology: Topology,
  subtasks: readonly SubtaskRecord[],
  location: Location,
): readonly Answer[] {
  return topology.providers.map(({ name: provider }) => {
    const result = resultOf(subtasks, { epoch: 0, phase: 'plan', action: 'describe', provider, location });
    if (!result)
      throw unreachable({ provider, location, status: 'failed', cause: 'it left no answer on the record' });
    return { provider, location, describe: result.describe, summary: result.summary };
  });
}

interface Draft {
  readonly plan: Plan;
  /** The highest epoch that the authority or a provider has reported. */
  readonly reported: number;
}

async function draft(ports: PlanPorts, order: PlanOrder, record: OpenTaskRecord): Promise<Draft> {
  const failed = order.describes.find((describe) => describe.status === 'failed');
  if (failed) throw unreachable(failed);
  const authority = await ports.authority.read(order.company);
  const from = homeOf(authority);
  const to = resolveTarget(ports.topology, MigrateInput.parse(record.input).to);
  // Once more: since the task was opened the company may have moved, or its jurisdictions may have changed.
  checkMove(ports.topology, authority, from, to);
  const subtasks = await ports.subtasks.list(order.task);
  const source = answersAt(ports.topology, subtasks, from);
  const target = answersAt(ports.topology, subtasks, to);
  const debts = await ports.debts.list(order.company);
  const plan = examine(ports.topology, {
    company: order.company,
    from,
    to,
    version: authority.version,
    source,
    target,
    debts,
  });
  const reported = Math.max(authority.epoch, ...[...source, ...target].map((answer) => answer.summary.epoch));
  return { plan, reported };
}

/** Takes the company in the table; a claim left by a closed task is taken over. */
async function take(ports: PlanPorts, order: PlanOrder, holder: string, reported: number): Promise<number> {
  const claim = await ports.claims.read(order.company);
  const request = { company: order.company, task: order.task, holder, reported };
  if (claim?.state !== 'held' || claim.task === order.task) return ports.claims.take(request);
  const other = await ports.tasks.get(claim.task);
  if (other?.state === 'open') throw companyBusy(order.company, claim.task);
  return ports.claims.take({ ...request, over: claim.task });
}

function answer(plan: Plan, epoch: number, holder: string): PlanMigrationResult {
  return {
    refusal: null,
    epoch,
    holder,
    from: plan.from,
    to: plan.to,
    providers: plan.providers.map((provider) => provider.name),
    waves: plan.waves,
    afterMigrateHooks: plan.providers
      .filter((provider) => provider.targetHooks.includes('after-migrate'))
      .map((provider) => ({ provider: provider.name, location: plan.to })),
    planned: null,
  };
}

const refused = (refusal: PlanMigrationResult['refusal']): PlanMigrationResult => ({
  refusal,
  epoch: 0,
  holder: '',
  from: null,
  to: null,
  providers: [],
  waves: [],
  afterMigrateHooks: [],
  planned: null,
});

/** The first mutating act outside the table: raises the authority's epoch and proves that home is as planned. */
async function claimAuthority(ports: PlanPorts, order: PlanOrder, plan: Plan, epoch: number, holder: string) {
  const { record } = await ports.authority.claim({ task: order.task, company: order.company, epoch, holder });
  const same = record.version === plan.version && record.home.state === 'home';
  if (same && formatLocation(homeOf(record)) === formatLocation(plan.from)) return;
  throw new TankerError('PlacementChanged', {
    what: `Company "${order.company}" changed its home while it was planned (version ${plan.version}, now ${record.version}).`,
    now: 'The company is claimed by this task and nothing else was touched.',
    next: 'Recovery lets it go; start again under a new task id.',
  });
}

/**
 * The end of a dry run: the plan stands on the closed record, and the company was neither taken nor claimed. It was
 * free at the last look, which is all that a dry run can say of that.
 */
async function closePlanned(
  ports: PlanPorts,
  order: PlanOrder,
  holder: string,
  { plan, reported }: Draft,
): Promise<PlanMigrationResult> {
  await checkFree(ports, order.company, order.task);
  await ports.log.write({
    task: order.task,
    phase: 'plan',
    by: holder,
    epoch: 0,
    what: `dry run: ${planText(plan)}; the company was not claimed (epoch ${reported})`,
  });
  await ports.tasks.close(
    { task: order.task, epoch: 0, holder: null },
    { outcome: 'planned', debts: [], plan },
  );
  return { ...answer(plan, 0, holder), planned: plan };
}

const planText = (plan: Plan): string =>
  `planned ${formatLocation(plan.from)} to ${formatLocation(plan.to)}: ${plan.providers.length} providers, ${plan.estimate.bytes} bytes, about ${Math.ceil(plan.estimate.seconds)} s of lock`;

/**
 * Refuses, or fixes the plan: then takes the company in the table and, last, claims it at the authority. A dry run
 * ends with its plan. May be called twice by the same execution: a plan on record is answered again.
 */
export async function planMigration(ports: PlanPorts, order: PlanOrder): Promise<PlanMigrationResult> {
  const holder = formatHolder(order.task, order.executionName);
  const record = await ports.tasks.get(order.task);
  if (record?.state === 'closed' && record.outcome === 'refused') return refused(record.failure ?? null);
  if (record?.state === 'closed' && record.outcome === 'planned' && record.plan)
    return { ...answer(record.plan, 0, holder), planned: record.plan };
  if (record?.state !== 'open' || (record.holder !== null && record.holder !== holder))
    throw taskClosed(order.task);

  const { dryRun } = MigrateInput.parse(record.input);
  const drafted = await refusedOr(async () => {
    if (dryRun) return closePlanned(ports, order, holder, await draft(ports, order, record));
    const { plan, reported } = record.plan
      ? { plan: record.plan, reported: 0 }
      : await draft(ports, order, record);
    return { plan, epoch: await take(ports, order, holder, reported) };
  });
  if (drafted instanceof TankerError) {
    await refuseTask(ports, order.task, drafted);
    return refused(refusalOf(drafted));
  }
  if ('planned' in drafted) return drafted;
  const { plan, epoch } = drafted;
  await keepOrRelease(ports, order, { epoch, holder }, plan);
  await ports.log.write({
    task: order.task,
    phase: 'plan',
    by: holder,
    epoch,
    what: planText(plan),
  });
  await claimAuthority(ports, order, plan, epoch, holder);
  return answer(plan, epoch, holder);
}

/** A recovery may have closed the task while the company was taken: then it is let go again. */
async function keepOrRelease(
  ports: PlanPorts,
  order: PlanOrder,
  by: { epoch: number; holder: string },
  plan: Plan,
): Promise<void> {
  try {
    await ports.tasks.takeOver(order.task, by, { plan });
  } catch (error) {
    if (error instanceof TankerError && error.errorName === 'TaskClosed') {
      const record = await ports.tasks.get(order.task);
      if (record?.state === 'closed') await ports.claims.release(order.company, order.task);
    }
    throw error;
  }
}
