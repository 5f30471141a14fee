import {
  type EndedExecutionEvent,
  MAX_CAUSE_IN_RESULT,
  MAX_ERROR_CHARACTERS,
  machineArn,
  OPERATIONS,
  type Operation,
  RecoverInput,
  type Refusal,
  TankerError,
  type TaskRecord,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Executions, Log, Recoveries, Tasks } from '../ports.ts';

/** What ended, from the status event of an execution of an operation's machine or of the recover machine. */
export interface EndedExecution {
  readonly machine: Operation;
  readonly task: string;
  readonly name: string;
  readonly status: string;
  /** What it failed with, or what it was stopped with: a cancel says who wanted it and why. */
  readonly error?: string | null | undefined;
  readonly cause?: string | null | undefined;
  /** The event's own id: the same event twice starts one recovery. */
  readonly eventId: string;
}

/** From the status event. Undefined for an execution that is nested in another, whose end is its parent's to handle. */
export function endedExecution(
  topology: Topology,
  { id, detail }: EndedExecutionEvent,
): EndedExecution | undefined {
  const machine = OPERATIONS.find((operation) => machineArn(topology, operation) === detail.stateMachineArn);
  const task = machine && taskOf(machine, detail);
  if (machine === undefined || task === undefined) return undefined;
  const { name, status, error, cause } = detail;
  return { machine, task, name, status, error, cause, eventId: id };
}

/** An operation's execution is named by its task; a recovery names its task in its input. */
function taskOf(machine: Operation, detail: { name: string; input: string }): string | undefined {
  if (machine !== 'recover') return detail.name;
  const input = RecoverInput.safeParse(JSON.parse(detail.input));
  return input.success ? input.data.task : undefined;
}

export interface StartRecoveryPorts {
  readonly tasks: Tasks;
  readonly executions: Pick<Executions, 'endOf'>;
  readonly recoveries: Recoveries;
  readonly log: Log;
  readonly now: () => Date;
}

/**
 * How many recoveries events may start for one task. Each retries its calls for about two minutes; more of them at once
 * would only hide an outage. Beyond it only the sweeper tries on, each SWEEP_PAUSE_MINUTES, and people are alarmed.
 */
export const RECOVERY_STARTS = 5;

/** `recover-<task>-<12 of the event id>`: at most 8 + 48 + 1 + 12 = 69 of the 80 characters allowed. */
export const recoveryName = (task: string, eventId: string): string =>
  `recover-${task}-${eventId.replace(/[^A-Za-z0-9]/g, '').slice(0, 12)}`;

/** Whether another recovery than the ended one holds the task: then the event is old news. */
const heldByAnotherRecovery = (holder: string | null, ended: EndedExecution): boolean =>
  holder?.startsWith(`${ended.task}/recover-`) === true && holder !== `${ended.task}/${ended.name}`;

/**
 * The execution's own words: of the event, or, where that carries none, of Step Functions. They are for people; a
 * recovery does not wait for them.
 */
async function reasonOf(executions: Pick<Executions, 'endOf'>, ended: EndedExecution): Promise<Refusal> {
  const { machine, name, status } = ended;
  const { error, cause } = ended.error ? ended : await executions.endOf(machine, name).catch(() => ended);
  if (!error)
    return { error: `Execution${status}`, cause: `The ${machine} execution "${name}" ended as ${status}.` };
  return { error: error.slice(0, MAX_ERROR_CHARACTERS), cause: (cause ?? '').slice(0, MAX_CAUSE_IN_RESULT) };
}

/**
 * Whether the ended execution is none of the task's: a name is unique in its machine only, so another operation may have
 * been started under the id of this task. It was refused, and the task goes on.
 */
const isOfAnotherTask = ({ machine }: EndedExecution, { operation }: TaskRecord): boolean =>
  machine !== 'recover' && machine !== operation;

/** Starts a recovery for an execution that ended without closing its task; otherwise does nothing. */
export async function startRecovery(
  ports: StartRecoveryPorts,
  ended: EndedExecution,
): Promise<'started' | 'nothing'> {
  const record = await ports.tasks.get(ended.task);
  if (record?.state !== 'open' || isOfAnotherTask(ended, record)) return 'nothing';
  if (heldByAnotherRecovery(record.holder, ended)) return 'nothing';
  const name = recoveryName(ended.task, ended.eventId);
  const count = await ports.tasks.countRecovery(ended.task, { name, at: ports.now().toISOString() });
  if (count === undefined) return 'nothing';
  if (count > RECOVERY_STARTS) {
    throw new TankerError('RecoveryFailed', {
      what: `${RECOVERY_STARTS} recoveries of task "${ended.task}" did not finish.`,
      now: 'The task is open and holds its company; a traffic lock ends by its lease.',
      next: 'Look at the last recover execution and remove its cause: the sweeper starts another one within a quarter of an hour.',
    });
  }
  const reason = await reasonOf(ports.executions, ended);
  await ports.recoveries.start(name, { task: ended.task, reason });
  await ports.log.write({
    task: ended.task,
    phase: record.phase,
    by: 'start-recovery',
    epoch: record.epoch,
    what: `started ${name}, because ${ended.name} ended as ${ended.status} (${reason.error})`,
  });
  return 'started';
}
