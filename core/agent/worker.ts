import {
  type Action,
  HEARTBEAT_INTERVAL_SECONDS,
  type Progress,
  TankerError,
} from '@tanker/contract/index.ts';
import type { TaskToken, WorkerSubtask } from '../ports.ts';
import type { Clock } from './clock.ts';
import type { AgentPorts, Done, EventOf, Procedure, Run } from './procedure.ts';
import { failureOf, outOfTime, tokenClosed } from './worker-failures.ts';

/** What is left when the function's time runs out: 2 s to end what is under way, and two calls of at most 4 s to tell it. */
export const DEADLINE_MARGIN_SECONDS = 10;

/**
 * How a run ended. `superseded`: another worker or attempt has the subtask. `settled`: the token was closed, because
 * the state or its execution ended. In both nobody waits for this worker, and it says nothing to the state machine.
 */
export type WorkerEnd = 'succeeded' | 'failed' | 'superseded' | 'settled';

export interface Worker<A extends Action> {
  readonly event: EventOf<A>;
  readonly ports: AgentPorts;
  readonly subtask: WorkerSubtask;
  readonly token: TaskToken;
  readonly clock: Clock;
  /** Time until the function is killed. */
  readonly remainingMilliseconds: number;
  log(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Tells an error to the log, in whatever form keeps customer data out of it. */
  logError(message: string, error: unknown): void;
}

/** Why the work was stopped before its end; travels as the signal's reason. */
class Stopped extends Error {
  readonly why: 'superseded' | 'settled' | 'deadline';
  constructor(why: Stopped['why']) {
    super(why);
    this.why = why;
  }
}

/**
 * One run of an agent: takes the subtask's row, works under a heartbeat, and settles the row and then the token.
 * Delivered twice, the second run finds the row taken and ends. A run that dies in between is noticed by the missing
 * heartbeat, or by the invocation's failure.
 *
 * @throws whatever reading or writing the row throws when it is not reachable; then nobody has settled the token
 */
export async function runWorker<A extends Action>(
  worker: Worker<A>,
  procedure: Procedure<A>,
): Promise<WorkerEnd> {
  try {
    await worker.subtask.begin();
  } catch (error) {
    if (!isSuperseded(error)) throw error;
    worker.log('Another worker or attempt has this subtask; this one ends.');
    return 'superseded';
  }
  const stop = new AbortController();
  const progress = { bytes: 0, parts: 0 };
  const over = new AbortController();
  const attendants = Promise.all([
    beat(worker, progress, over.signal, stop),
    watchDeadline(worker, over.signal, stop),
  ]);
  try {
    const outcome = await work(worker, procedure, progress, stop.signal);
    return await settle(worker, outcome, stop.signal);
  } finally {
    over.abort();
    await attendants;
  }
}

type Outcome<A extends Action> = { readonly done: Done<A> } | { readonly error: unknown };

async function work<A extends Action>(
  worker: Worker<A>,
  procedure: Procedure<A>,
  progress: { bytes: number; parts: number },
  signal: AbortSignal,
): Promise<Outcome<A>> {
  const run: Run<A> = {
    event: worker.event,
    ports: worker.ports,
    clock: worker.clock,
    signal,
    confirm: () => worker.subtask.confirm(),
    advance: (bytes, parts) => {
      progress.bytes += bytes;
      progress.parts += parts;
    },
    log: worker.log,
  };
  try {
    return { done: await procedure(run) };
  } catch (error) {
    return { error };
  }
}

async function settle<A extends Action>(
  worker: Worker<A>,
  outcome: Outcome<A>,
  signal: AbortSignal,
): Promise<WorkerEnd> {
  if ('done' in outcome) return succeed(worker, outcome.done);
  const stopped = signal.reason instanceof Stopped ? signal.reason.why : undefined;
  if (stopped === 'superseded' || isSuperseded(outcome.error)) {
    worker.log('Another attempt has this subtask now; the work was stopped.');
    return 'superseded';
  }
  if (stopped === 'settled') {
    worker.log('The token is closed: the state or its execution ended. The work was stopped.');
    await tellRow(worker, tokenClosed(worker.event));
    return 'settled';
  }
  return fail(worker, stopped === 'deadline' ? outOfTime(worker.event) : outcome.error);
}

/** The row first: what it says is what the next states read, and the token only says that it is there. */
async function succeed<A extends Action>(worker: Worker<A>, done: Done<A>): Promise<WorkerEnd> {
  const { provider, location } = worker.event;
  try {
    await worker.subtask.succeed(done.result, done.work);
  } catch (error) {
    if (!isSuperseded(error)) return fail(worker, error);
    worker.log('Another attempt has this subtask now; the result was not recorded.');
    return 'superseded';
  }
  await worker.token.succeed({ provider, location, status: 'succeeded' });
  return 'succeeded';
}

async function fail<A extends Action>(worker: Worker<A>, error: unknown): Promise<WorkerEnd> {
  worker.logError('The work failed.', error);
  const failure = failureOf(worker.event, error);
  if ((await tellRow(worker, failure)) === 'superseded') return 'superseded';
  await worker.token.fail(failure.name, failure.message);
  return 'failed';
}

/** A row that can't be reached keeps nobody waiting: the token tells the failure too. */
async function tellRow<A extends Action>(
  worker: Worker<A>,
  failure: TankerError,
): Promise<'told' | 'superseded' | 'unreachable'> {
  try {
    await worker.subtask.fail(failure.name, failure.message);
    return 'told';
  } catch (error) {
    if (isSuperseded(error)) return 'superseded';
    worker.logError('The failure was not recorded on the subtask.', error);
    return 'unreachable';
  }
}

/** Beats at once, so that an event delivered too late ends at once, and then at every interval. */
async function beat<A extends Action>(
  worker: Worker<A>,
  progress: Progress,
  over: AbortSignal,
  stop: AbortController,
): Promise<void> {
  for (let beats = 0; !over.aborted && !stop.signal.aborted; beats += 1) {
    const [token, row] = await Promise.allSettled([
      worker.token.heartbeat(),
      beats === 0 ? undefined : worker.subtask.progress({ ...progress }),
    ]);
    if (over.aborted) return;
    if (token.status === 'rejected') worker.logError('A heartbeat did not get through.', token.reason);
    else if (token.value === 'settled') stop.abort(new Stopped('settled'));
    if (row.status === 'rejected') {
      if (isSuperseded(row.reason)) stop.abort(new Stopped('superseded'));
      else worker.logError('The progress was not recorded.', row.reason);
    }
    await pause(worker.clock, HEARTBEAT_INTERVAL_SECONDS * 1000, over);
  }
}

async function watchDeadline<A extends Action>(
  worker: Worker<A>,
  over: AbortSignal,
  stop: AbortController,
): Promise<void> {
  const left = worker.remainingMilliseconds - DEADLINE_MARGIN_SECONDS * 1000;
  await pause(worker.clock, Math.max(left, 0), over);
  if (!over.aborted) stop.abort(new Stopped('deadline'));
}

const pause = (clock: Clock, milliseconds: number, over: AbortSignal): Promise<void> =>
  clock.sleep(milliseconds, over).catch(() => undefined);

const isSuperseded = (error: unknown): boolean =>
  error instanceof TankerError && error.name === 'SubtaskSuperseded';
