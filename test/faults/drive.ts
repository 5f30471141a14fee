import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from './company.ts';
import { needsMending } from './expected.ts';
import type { Harm, Target } from './harm.ts';
import type { MatrixStage } from './matrix-stage.ts';
import {
  executionOf,
  readTaskRow,
  recoveriesOf,
  startMachine,
  startTask,
  stopExecution,
  type TaskRow,
} from './tasks.ts';

const LOOK_EVERY_MS = 120;
/** Longer than any retries together, on a machine that is busy. */
export const PATIENCE_MS = 300_000;
/** Between the end of an execution and the recovery that its event starts: two deliveries and a cold function. */
const NOBODY_WORKS_MS = 30_000;
/** A process that has been killed is gone, a message that was sent has arrived: seen twice in a row. */
const QUIET_LOOKS = 2;

/** The matrix could not get on; what it had found until then still counts. */
export class Stuck extends Error {}

export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Stuck(`not seen within ${PATIENCE_MS / 1000} s: ${what}`);
}

interface Look {
  readonly row: TaskRow | undefined;
  readonly own: string;
  readonly recoveries: readonly { readonly name: string; readonly status: string }[];
}

async function lookAt(stage: MatrixStage, { operation, task }: Case): Promise<Look> {
  const row = await readTaskRow(stage, task);
  const { status } = await executionOf(stage, operation, task);
  // While the task's own execution runs, its recovery is a part of it.
  const isOver = status !== 'RUNNING' || row?.phases['recover/decide'] !== undefined;
  return { row, own: status, recoveries: isOver ? await recoveriesOf(stage, task) : [] };
}

const isRunning = ({ own, recoveries }: Look): boolean =>
  own === 'RUNNING' || recoveries.some(({ status }) => status === 'RUNNING');

export interface Ended {
  readonly row: TaskRow;
  /** What the record and the executions said when the broken part was mended; undefined when nothing was. */
  readonly atMending: Look | undefined;
  readonly findings: readonly string[];
}

/**
 * Waits until the task is closed and nothing of it runs. Where the recovery itself meets the broken part, that is mended
 * once a recovery has failed at it, and a recovery started by hand if the product has given up for the time being.
 */
export async function untilClosed(stage: MatrixStage, task: Case, mend?: () => void): Promise<Ended> {
  let atMending: Look | undefined;
  let idleSince: number | undefined;
  let byHand = 0;
  const findings: string[] = [];
  const recoverByHand = () => {
    byHand += 1;
    const reason = { error: 'ByHand', cause: 'The fault matrix goes on with a task that nobody works on.' };
    return startMachine(stage, 'recover', `recover-${task.task}-hand${byHand}`, { task: task.task, reason });
  };
  const row = await until(`the end of ${task.task}`, async () => {
    const look = await lookAt(stage, task);
    if (look.row?.state === 'closed' && !isRunning(look)) return look.row;
    const hasFailed = look.recoveries.some(({ status }) => status !== 'RUNNING');
    const isOpen = look.row === undefined || look.row.state === 'open';
    if (mend && !atMending && isOpen && hasFailed) {
      atMending = look;
      mend();
    }
    if (isRunning(look) || !isOpen) idleSince = undefined;
    else idleSince ??= Date.now();
    if (idleSince === undefined || Date.now() - idleSince < NOBODY_WORKS_MS) return undefined;
    idleSince = undefined;
    // After a mend the sweeper would come, a quarter of an hour later; before it somebody should have been at work.
    if (!atMending)
      findings.push(`P5: the task was open for ${NOBODY_WORKS_MS / 1000} s and nobody worked on it`);
    await recoverByHand();
    return undefined;
  });
  return { row, atMending, findings };
}

/** Waits until no function works for the company or the task, and no call of theirs is on the way. */
export async function untilQuiet(stage: MatrixStage, { company, task }: Case): Promise<void> {
  let quiet = 0;
  const isBusy = async (): Promise<boolean> => {
    const names = [`"${company}"`, `"${task}"`];
    if (stage.front.underWay(company) > 0) return true;
    if (stage.cloud.lambda.runs().some(({ payload }) => names.some((name) => payload.includes(name))))
      return true;
    return (await recoveriesOf(stage, task)).some(({ status }) => status === 'RUNNING');
  };
  await until(`quiet around ${task}`, async () => {
    quiet = (await isBusy()) ? 0 : quiet + 1;
    return quiet >= QUIET_LOOKS || undefined;
  });
}

/** Waits for the fault's first hit; undefined when the task ended without one. */
async function untilHit({ stage, task }: Target, harm: Harm): Promise<true | undefined> {
  let looks = 0;
  const hit = await until(`the fault's call`, async () => {
    if (harm.hits() > 0) return 'hit';
    looks += 1;
    // Most looks are for the fault alone, which costs nothing.
    if (looks % 10 !== 0) return undefined;
    const row = await readTaskRow(stage, task.task);
    return row?.state === 'closed' ? 'never' : undefined;
  });
  return hit === 'hit' || undefined;
}

/** Another task of the same company, while this one is held: it has to be refused. */
async function startAnother({ stage, task }: Target): Promise<string[]> {
  const other = `${task.task}-too`;
  await startTask(stage, task.operation, { ...task.input, task: other });
  const end = await until(`the end of ${other}`, async () => {
    const found = await executionOf(stage, task.operation, other);
    return found.status === 'RUNNING' ? undefined : found;
  });
  return end.status === 'FAILED' && end.error === 'CompanyBusy'
    ? []
    : [`P6: a second task ended as ${end.status} ${end.error}, not as FAILED CompanyBusy`];
}

/** Stops the execution that the cell means: the task's own, or the recovery that runs. */
async function stop({ stage, cell, task }: Target): Promise<void> {
  if (cell.operation !== 'recover') return stopExecution(stage, task.operation, task.task);
  const running = (await recoveriesOf(stage, task.task)).filter(({ status }) => status === 'RUNNING');
  for (const { name } of running) await stopExecution(stage, 'recover', name);
}

async function kill(harm: Harm): Promise<void> {
  const pid = await until('the process of the worker', () => harm.victim?.());
  process.kill(pid, 'SIGKILL');
}

/** Brings the task through its fault to its end; what is held back arrives only then. */
export async function drive(target: Target, harm: Harm): Promise<Ended> {
  const { stage, cell, task } = target;
  const findings: string[] = [];
  const isStopped = cell.way === 'stopped';
  if (isStopped || cell.way === 'worker-killed') {
    const hit = await untilHit(target, harm);
    if (hit && isStopped) {
      if (cell.when === 'before' && cell.phase !== 'plan') findings.push(...(await startAnother(target)));
      await stop(target);
    } else if (hit) {
      await kill(harm);
      harm.release('drop');
    }
  }
  const ended = await untilClosed(stage, task, needsMending(cell) ? harm.mend : undefined);
  if (harm.hits() === 0) findings.push('the fault was never met: the cell proves nothing');
  harm.release('arrive');
  await untilQuiet(stage, task);
  return { ...ended, findings: [...findings, ...ended.findings] };
}
