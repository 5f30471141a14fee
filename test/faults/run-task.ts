import { DONE, formatLocation, type Outcome, type TaskOperation } from '@tanker/contract/index.ts';
import { LOCATIONS, type WorldLocation } from '../../demo/world/topology.ts';
import { actorsOf, type Cell, cellId } from './cells.ts';
import { type Fetcher, withoutHooks } from './check-hooks.ts';
import { afterTask, type Case, type Company, caseOf, expectationOf } from './company.ts';
import type { CopyOfCompany } from './copies.ts';
import { type Customers, startCustomers } from './customers.ts';
import { drive, type Ended, until, untilClosed, untilQuiet } from './drive.ts';
import { expectedOutcome, isIncomplete, keepsExports, leavesSomething } from './expected.ts';
import { bringAbout, locationOf, type Target, victimOf } from './harm.ts';
import type { LeakWatch } from './leaks.ts';
import { authorityOf, type MatrixStage, type Observer } from './matrix-stage.ts';
import { executionOf, readTaskRow, recoveriesOf, startTask } from './tasks.ts';
import { type Finding, judge, type Scene } from './verdict.ts';

/** What tasks are run with. */
export interface Ground {
  readonly stage: MatrixStage;
  readonly observer: Observer;
  readonly leaks: LeakWatch;
  readonly neighbours: readonly string[];
}

export interface TaskEnd {
  readonly company: Company;
  readonly findings: readonly Finding[];
  /** Where to look further: the task, its executions, its record. */
  readonly evidence: readonly string[];
}

/** Every location's copy, by location. */
async function copiesOf({ observer }: Ground, company: string): Promise<Map<string, CopyOfCompany>> {
  const found = new Map<string, CopyOfCompany>();
  for (const at of LOCATIONS) found.set(formatLocation(at), await observer.copyAt(at, company));
  return found;
}

async function fetchersOf({ observer }: Ground, company: string): Promise<Map<string, Fetcher>> {
  const found = new Map<string, Fetcher>();
  for (const at of LOCATIONS) found.set(formatLocation(at), await observer.fetcherAt(at, company));
  return found;
}

/** A recovery needs a task to recover: everything is imported, and its verification fails. */
function breakBase({ cloud, topology }: MatrixStage, { company }: Case): () => void {
  const id = cloud.faults.set({
    service: 'lambda',
    region: topology.controlRegion,
    match: {
      operation: 'Run',
      functionName: `${topology.installation}-verify-target`,
      payload: { company },
    },
    times: 'forever',
    effect: {
      kind: 'error',
      errorType: 'PhaseFailed',
      errorMessage: 'There has to be something to recover.',
    },
  });
  return () => void cloud.faults.clear(id);
}

/** Messages of earlier writes are delivered, so that what is read now stays as it is. */
async function settled({ observer }: Ground, { id, home }: Company): Promise<void> {
  if (!home) return;
  await until(`no pending message of ${id}`, async () => {
    const { rows } = await observer.copyAt(home, id);
    const ids = (table: string) =>
      [...rows].filter(([key]) => key.startsWith(`${table} `)).map(([, { writeId }]) => writeId ?? '');
    const delivered = new Set(ids('deals.notifications'));
    return ids('deals.outbox').every((writeId) => writeId === '' || delivered.has(writeId)) || undefined;
  });
}

/** A provider at home that a dead recovery could not open is opened by its region's own schedule. */
async function openBySchedule({ stage, observer }: Ground, { id, home }: Company): Promise<void> {
  if (!home) return;
  const isOpen = async () => (await observer.copyAt(home, id)).closed.length === 0 || undefined;
  if (await isOpen()) return;
  const region = stage.topology.datacenters.find(({ name }) => name === home.datacenter)?.region ?? '';
  const rule = stage.cloud.events.rules(region).find(({ name }) => /open/i.test(name));
  if (!rule) throw new Error(`There is no schedule in ${region} that opens providers.`);
  stage.cloud.events.fire(region, rule.name);
  await until(`${id} open again at ${formatLocation(home)}`, isOpen);
}

/** Whether the fault keeps a recovery from opening a provider of home. */
function mayStayClosed(cell: Cell | undefined): boolean {
  if (!cell) return false;
  const { agent, main } = actorsOf(cell) ?? {};
  if (cell.way === 'provider-down') return agent?.side === 'from';
  return cell.way === 'fails' && main?.kind === 'agent' && main.name === 'open';
}

/** An incomplete removal says so, holds its company, and is not home any more. */
async function checkIncomplete(scene: Pick<Scene, 'stage' | 'task'>, ended: Ended, provider: string) {
  const { row } = ended.atMending ?? {};
  const left = (row?.incomplete?.left ?? []).map(
    (one) => `${one.provider} at ${formatLocation(one.location)}`,
  );
  const { home } = await authorityOf(scene.stage, scene.task.company);
  return [
    ...(row?.state === 'open' ? [] : ['P9: the removal was not open although a provider was not erased']),
    ...(left.length === 1 && left[0]?.startsWith(provider)
      ? []
      : [`P9: the open record says that [${left.join(', ')}] hold something; it was ${provider}`]),
    ...(home.state === 'removed' ? [] : [`P1: the gateway says ${home.state} after the removal's commit`]),
  ];
}

/** Home takes writes again, of every kind that the matrix has. */
async function checkWrites(customers: Customers): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const collection of ['notes', 'deals'] as const) {
    const { outcome } = await customers.write(collection);
    if (outcome !== 'acknowledged') findings.push(`P1: home refuses a write to ${collection} (${outcome})`);
  }
  return findings;
}

/**
 * Runs one task of a company, with the fault of a cell or as a step between two, and judges its end. The company that it
 * answers is what the next task can begin with, as long as nothing was found.
 */
export async function runTask(
  ground: Ground,
  company: Company,
  operation: TaskOperation,
  cell?: Cell,
): Promise<TaskEnd> {
  const { stage } = ground;
  const why = cell ? cellId(cell) : 'a step between two cells';
  const task = caseOf(company, operation, why, why);
  const expected: Outcome = cell ? expectedOutcome(cell) : DONE[operation];
  const mendBase = cell?.operation === 'recover' ? breakBase(stage, task) : () => {};
  const customers = startCustomers(stage.world.gateway.url, company.id, String(company.tasks + 1));
  const target: Target | undefined = cell && { stage, cell, task, provider: victimOf(cell) };
  let harm: ReturnType<typeof bringAbout> | undefined;
  try {
    await settled(ground, company);
    const before = await copiesOf(ground, company.id);
    const fetchersBefore = await fetchersOf(ground, company.id);
    const authorityBefore = await authorityOf(stage, company.id);
    if (company.home) await customers.write('deals');
    harm = target && bringAbout(target);
    await startTask(stage, operation, task.input);
    const ended = target && harm ? await drive(target, harm) : await untilClosed(stage, task);
    await untilQuiet(stage, task);
    mendBase();

    const isDone = expected === DONE[operation];
    const home = company.home && before.get(formatLocation(company.home));
    const next = { home: isDone ? homeAfter(company, task) : company.home };
    if (mayStayClosed(cell)) await openBySchedule(ground, { ...company, ...next });
    const written = next.home ? await checkWrites(customers) : [];
    const told = await customers.stop();
    const expectation = expectationOf(company, home, told);
    const after = afterTask(company, task, isDone, expectation);
    const owed = cell && target && leavesSomething(cell) && !isIncomplete(cell) ? owedBy(target) : [];
    const scene: Scene = {
      ...ground,
      task,
      company,
      now: after,
      expected,
      row: ended.row,
      authorityBefore,
      before,
      fetchersBefore,
      withoutHooks: cell && withoutHooks(cell, task),
      expectation: company.removed && isDone ? restored(company.removed, told) : expectation,
      told,
      owed,
      keepsExports: cell !== undefined && keepsExports(cell),
    };
    const incomplete =
      cell && target && isIncomplete(cell) ? await checkIncomplete(scene, ended, target.provider) : [];
    const findings = [
      ...ended.findings,
      ...written,
      ...incomplete,
      ...(await judge(scene, ground.neighbours)),
    ];
    const [owing] = owed;
    return {
      company: owing ? { ...after, owing } : after,
      findings,
      evidence: await evidenceOf(stage, task),
    };
  } catch (error) {
    const evidence = await evidenceOf(stage, task).catch(() => []);
    return {
      company,
      findings: [`the cell could not be told to its end: ${(error as Error).message}`],
      evidence,
    };
  } finally {
    mendBase();
    harm?.release('arrive');
    await customers.stop();
  }
}

/** Where the company lives when the task is done. */
function homeAfter({ home }: Company, { operation, to }: Case): WorldLocation | undefined {
  if (operation === 'migrate' || operation === 'restore') return to;
  return operation === 'remove' ? undefined : home;
}

/** What customers write after a restore comes to what it has brought back. */
function restored(removed: NonNullable<Company['removed']>, told: Scene['told']): Scene['expectation'] {
  return {
    before: removed.before,
    must: new Set([...removed.must, ...told.acknowledged]),
    may: new Set([...removed.may, ...told.sent]),
  };
}

function owedBy({ cell, task, provider }: Target): Scene['owed'] {
  const agent = actorsOf(cell)?.agent;
  if (!agent) return [];
  return [{ at: locationOf(task, agent.side) as WorldLocation, provider }];
}

async function evidenceOf(stage: MatrixStage, task: Case): Promise<string[]> {
  const row = await readTaskRow(stage, task.task);
  const own = await executionOf(stage, task.operation, task.task);
  const places = [task.from, task.to, task.at].map((at) => (at ? formatLocation(at) : '-')).join(' ');
  return [
    `task ${task.task} of ${task.company}: from, to, at ${places}`,
    `execution ${own.status} ${own.error ?? ''} ${own.cause ?? ''}`,
    `recoveries ${JSON.stringify(await recoveriesOf(stage, task.task))}`,
    `record ${JSON.stringify(row && { ...row, plan: undefined, input: undefined })}`,
  ];
}
