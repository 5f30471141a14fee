import {
  formatHolder,
  INPUTS,
  type InputOf,
  mistakesOf,
  type OpenTaskResult,
  type Refusal,
  TankerError,
  TaskId,
  type TaskOperation,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { Authority, Claims, Log, OpenTaskRecord, Tasks } from '../ports.ts';
import { prospectOf } from './planners.ts';
import type { ProspectPorts } from './prospect.ts';
import { refusalOf, refusedOr, UNTOUCHED } from './refusal.ts';

export interface OpenTaskPorts extends ProspectPorts {
  readonly authority: Authority;
  readonly claims: Claims;
  readonly tasks: Tasks;
  readonly log: Log;
}

export interface OpenTaskOrder {
  readonly operation: TaskOperation;
  readonly executionName: string;
  readonly executionArn: string;
  readonly input: unknown;
}

type Input = InputOf<TaskOperation>;

function parseInput(order: OpenTaskOrder): Input | TankerError {
  const parsed = INPUTS[order.operation].safeParse(order.input);
  if (!parsed.success) {
    return new TankerError('InputInvalid', {
      what: `The input does not match: ${mistakesOf(parsed.error.issues, 'input')}.`,
      now: UNTOUCHED,
      next: `Correct the input and start a new execution; the contract has the schema of a ${order.operation}.`,
    });
  }
  if (parsed.data.task === order.executionName) return parsed.data;
  return new TankerError('InputInvalid', {
    what: `The task id "${parsed.data.task}" is not the execution's name.`,
    now: UNTOUCHED,
    next: 'Start the execution under the task id as its name: the name is what makes a second start the same task.',
  });
}

const text = (input: unknown, field: string): string => {
  const value = (input as Record<string, unknown> | null)?.[field];
  return typeof value === 'string' ? value.slice(0, 200) : '';
};

function newRecord(order: OpenTaskOrder, now: string, seenEpoch: number | undefined): OpenTaskRecord {
  return {
    kind: 'task',
    state: 'open',
    task: order.executionName,
    operation: order.operation,
    company: text(order.input, 'company'),
    executionArn: order.executionArn,
    input: order.input,
    requestedBy: text(order.input, 'requestedBy'),
    reason: text(order.input, 'reason'),
    createdAt: now,
    phase: 'plan',
    phases: { plan: now },
    ...(seenEpoch === undefined ? {} : { seenEpoch }),
    epoch: 0,
    holder: null,
    recoveries: 0,
  };
}

const taken = (order: OpenTaskOrder, record: TaskRecord): TankerError =>
  new TankerError('TaskIdTaken', {
    what: `The task id "${order.executionName}" belongs to a task of ${record.createdAt} (${record.operation}, ${record.state}).`,
    now: 'This execution has touched nothing, and that task is as it was.',
    next: 'Start again under a new task id.',
  });

/**
 * Writes the task's record, then asks the authority and the records whether the operation may be done, and who has to be
 * asked. Reads only, beyond the record. A refusal comes back as a value and stands on the record. May be called twice by
 * the same execution.
 */
export async function openTask(ports: OpenTaskPorts, order: OpenTaskOrder): Promise<OpenTaskResult> {
  const input = parseInput(order);
  const task = order.executionName;
  const holder = formatHolder(task, order.executionName);
  const answer = (refusal: Refusal | null, checks: OpenTaskResult['checks'] = []): OpenTaskResult => ({
    refusal,
    task,
    company: input instanceof TankerError ? '' : input.company,
    holder,
    checks,
  });
  if (!TaskId.safeParse(task).success) {
    return answer({
      error: 'InputInvalid',
      cause: `The execution's name "${task}" is no task id. Nothing was touched and no record was written. Use 1 to 48 lower-case letters, digits or "-".`,
    });
  }
  // Before anything else is read: plan takes the company only if nobody has held it since.
  const seen = input instanceof TankerError ? undefined : await ports.claims.read(input.company);
  const seenEpoch = input instanceof TankerError ? undefined : (seen?.epoch ?? 0);
  const { created, record } = await ports.tasks.create(
    newRecord(order, ports.now().toISOString(), seenEpoch),
  );
  if (!created && record.executionArn !== order.executionArn) return answer(refusalOf(taken(order, record)));
  if (record.state === 'closed') return answer(record.failure ?? refusalOf(taken(order, record)));

  const checks =
    input instanceof TankerError
      ? input
      : await refusedOr(() => resolveChecks(ports, order.operation, input));
  if (!(checks instanceof TankerError)) return answer(null, checks);
  await refuseTask(ports, task, checks);
  return answer(refusalOf(checks));
}

async function resolveChecks(
  ports: OpenTaskPorts,
  operation: TaskOperation,
  input: Input,
): Promise<OpenTaskResult['checks']> {
  const authority = await ports.authority.read(input.company);
  // What else would be wrong is often so because of the task that holds the company: that one is named first.
  await checkFree(ports, input.company, input.task);
  const { checks } = await prospectOf(operation, ports, input as never, authority);
  return [...checks];
}

/** An early look: the conditional write in plan is what decides. */
export async function checkFree(
  ports: Pick<OpenTaskPorts, 'claims' | 'tasks'>,
  company: string,
  task: string,
): Promise<void> {
  const claim = await ports.claims.read(company);
  if (claim?.state !== 'held' || claim.task === task) return;
  const other = await ports.tasks.get(claim.task);
  if (other?.state === 'open') throw companyBusy(company, claim.task);
}

export const companyBusy = (company: string, task: string): TankerError =>
  new TankerError('CompanyBusy', {
    what: `Company "${company}" is held by task "${task}".`,
    now: 'Nothing was touched; that task goes on.',
    next: `Wait until task "${task}" has ended, then start again under a new task id.`,
  });

/** Closes a task that touched nothing, with its refusal on the record. */
export async function refuseTask(
  ports: Pick<OpenTaskPorts, 'tasks' | 'log'>,
  task: string,
  error: TankerError,
): Promise<void> {
  await ports.log.write({ task, phase: 'plan', by: 'plan', epoch: 0, what: `refused: ${error.message}` });
  await ports.tasks.close(
    { task, epoch: 0, holder: null },
    { outcome: 'refused', debts: [], failure: refusalOf(error) },
  );
}
