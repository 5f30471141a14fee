import {
  type Debt,
  formatHolder,
  formatLocation,
  INPUTS,
  type Location,
  type Plan,
  type PlanTaskResult,
  type SubtaskStatus,
  sentence,
  TankerError,
  type TaskOperation,
} from '@tanker/contract/index.ts';
import type { Authority, Claims, Log, OpenTaskRecord, Subtasks, Tasks } from '../ports.ts';
import { checkFree, companyBusy, refuseTask } from './open-task.ts';
import { formatHome } from './placement.ts';
import { prospectOf } from './planners.ts';
import type { Answer, ProspectPorts } from './prospect.ts';
import { resultOf, taskClosed } from './records.ts';
import { refusalOf, refusedOr, UNTOUCHED } from './refusal.ts';
import { erasesOf, hooksAfterCommit, opensOf } from './ways.ts';

export interface PlanPorts extends ProspectPorts {
  readonly authority: Authority;
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly log: Log;
}

export interface PlanOrder {
  readonly task: string;
  readonly company: string;
  readonly executionName: string;
  readonly describes: readonly SubtaskStatus[];
}

/** Errors of a describe that say more than "did not answer". */
const TELLING = new Set(['RequestUnauthorized', 'ResourceUnknown', 'ContractUnsupported']);

function unreachable(failed: SubtaskStatus): TankerError {
  const name = failed.error && TELLING.has(failed.error) ? ` (${failed.error})` : '';
  return new TankerError('ProviderUnreachable', {
    what: `${failed.provider} at ${formatLocation(failed.location)} could not be asked${name}: ${sentence(failed.cause || (failed.error ?? 'no reason given'))}`,
    now: UNTOUCHED,
    next: 'Bring the provider back, or correct its endpoint and secret, then start again under a new task id.',
  });
}

/** Who is asked follows from the records; they have changed since the task was opened. */
const changedMeanwhile = (company: string, provider: string, location: Location): TankerError =>
  new TankerError('PlacementChanged', {
    what: `${provider} at ${formatLocation(location)} was not asked: home or the records of company "${company}" changed while the task was planned.`,
    now: UNTOUCHED,
    next: 'Start again under a new task id, which looks at what is true now.',
  });

async function answersOf(
  ports: PlanPorts,
  order: PlanOrder,
  checks: readonly Debt[],
): Promise<readonly Answer[]> {
  const failed = order.describes.find((describe) => describe.status === 'failed');
  if (failed) throw unreachable(failed);
  const subtasks = await ports.subtasks.describes(order.task);
  return checks.map(({ provider, location }) => {
    const result = resultOf(subtasks, { epoch: 0, phase: 'plan', action: 'describe', provider, location });
    if (!result) throw changedMeanwhile(order.company, provider, location);
    return { provider, location, describe: result.describe, summary: result.summary };
  });
}

interface Draft {
  readonly plan: Plan;
  /** The highest epoch that the authority or a provider has reported. */
  readonly reported: number;
}

/** All checks once more, since the task was opened some may have become wrong; then the providers' answers. */
async function draft(ports: PlanPorts, order: PlanOrder, record: OpenTaskRecord): Promise<Draft> {
  const authority = await ports.authority.read(order.company);
  const input = INPUTS[record.operation].parse(record.input);
  const prospect = await prospectOf(record.operation, ports, input as never, authority);
  const answers = await answersOf(ports, order, prospect.checks);
  const plan = prospect.examine(answers);
  return { plan, reported: Math.max(authority.epoch, ...answers.map((answer) => answer.summary.epoch)) };
}

/** Takes the company in the table; a claim left by a closed task is taken over. */
async function take(
  ports: PlanPorts,
  order: PlanOrder,
  { holder, reported, seen }: { holder: string; reported: number; seen: number | undefined },
): Promise<number> {
  const claim = await ports.claims.read(order.company);
  const unchanged = seen === undefined ? {} : { seen };
  const request = { company: order.company, task: order.task, holder, reported, ...unchanged };
  if (claim?.state !== 'held' || claim.task === order.task) return ports.claims.take(request);
  const other = await ports.tasks.get(claim.task);
  if (other?.state === 'open') throw companyBusy(order.company, claim.task);
  return ports.claims.take({ ...request, over: claim.task });
}

const answer = (operation: TaskOperation, plan: Plan, epoch: number, holder: string): PlanTaskResult => ({
  refusal: null,
  epoch,
  holder,
  from: plan.from ?? null,
  to: plan.to ?? null,
  providers: plan.providers.map((provider) => provider.name),
  waves: plan.waves,
  opens: opensOf(operation, plan),
  erases: erasesOf(plan),
  hooks: hooksAfterCommit(operation, plan),
  leftover: plan.leftover ?? null,
  planned: null,
});

const refused = (refusal: PlanTaskResult['refusal']): PlanTaskResult => ({
  refusal,
  epoch: 0,
  holder: '',
  from: null,
  to: null,
  providers: [],
  waves: [],
  opens: [],
  erases: [],
  hooks: [],
  leftover: null,
  planned: null,
});

/**
 * The first mutating act outside the table: raises the authority's epoch and proves that home is as planned. Every change
 * of home raises the version, so the same version is the same home.
 */
async function claimAuthority(ports: PlanPorts, order: PlanOrder, plan: Plan, epoch: number, holder: string) {
  const { record } = await ports.authority.claim({ task: order.task, company: order.company, epoch, holder });
  if (record.version === plan.version) return;
  throw new TankerError('PlacementChanged', {
    what: `Company "${order.company}" changed its home while it was planned (version ${plan.version}, now ${record.version}: ${formatHome(record.home)}).`,
    now: 'The company is claimed by this task and nothing else was touched.',
    next: 'Start again under a new task id; recovery lets the company go.',
  });
}

/**
 * The end of a dry run: the plan stands on the closed record, and the company was neither taken nor claimed. It was
 * free at the last look, which is all that a dry run can say of that.
 */
async function closePlanned(
  ports: PlanPorts,
  order: PlanOrder,
  operation: TaskOperation,
  holder: string,
  { plan, reported }: Draft,
): Promise<PlanTaskResult> {
  await checkFree(ports, order.company, order.task);
  await ports.log.write({
    task: order.task,
    phase: 'plan',
    by: holder,
    epoch: 0,
    what: `dry run: ${planText(operation, plan)}; the company was not claimed (epoch ${reported})`,
  });
  await ports.tasks.close(
    { task: order.task, epoch: 0, holder: null },
    { outcome: 'planned', debts: [], plan },
  );
  return { ...answer(operation, plan, 0, holder), planned: plan };
}

function planText(operation: TaskOperation, plan: Plan): string {
  const places = [
    plan.from && `from ${formatLocation(plan.from)}`,
    plan.backup && `from the backup of task ${plan.backup}`,
    plan.to && `to ${formatLocation(plan.to)}`,
    plan.erases.length > 0 && `erasing at ${plan.erases.map(formatLocation).join(', ')}`,
    plan.expiresAt && `backup until ${plan.expiresAt}`,
  ].filter(Boolean);
  return `planned ${operation} ${places.join(' ')}: ${plan.providers.length} providers, ${plan.estimate.bytes} bytes, about ${Math.ceil(plan.estimate.seconds)} s of lock`;
}

/**
 * Refuses, or fixes the plan: then takes the company in the table and, last, claims it at the authority. A dry run
 * ends with its plan. May be called twice by the same execution: a plan on record is answered again.
 */
export async function planTask(ports: PlanPorts, order: PlanOrder): Promise<PlanTaskResult> {
  const holder = formatHolder(order.task, order.executionName);
  const record = await ports.tasks.get(order.task);
  if (record?.state === 'closed' && record.outcome === 'refused') return refused(record.failure ?? null);
  if (record?.state === 'closed' && record.outcome === 'planned' && record.plan)
    return { ...answer(record.operation, record.plan, 0, holder), planned: record.plan };
  if (record?.state !== 'open' || (record.holder !== null && record.holder !== holder))
    throw taskClosed(order.task);

  const { operation } = record;
  const { dryRun } = INPUTS[operation].parse(record.input);
  const drafted = await refusedOr(async () => {
    if (dryRun) return closePlanned(ports, order, operation, holder, await draft(ports, order, record));
    const { plan, reported } = record.plan
      ? { plan: record.plan, reported: 0 }
      : await draft(ports, order, record);
    return { plan, epoch: await take(ports, order, { holder, reported, seen: record.seenEpoch }) };
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
    what: planText(operation, plan),
  });
  await claimAuthority(ports, order, plan, epoch, holder);
  return answer(operation, plan, epoch, holder);
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
