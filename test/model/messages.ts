import { type Course, keyOf, toImport } from './operations.ts';
import {
  type Call,
  type Direction,
  type Execution,
  type ExecutionName,
  type Message,
  NO_ROWS,
  type Outcome,
  PLACES,
  type Place,
  type Task,
  type World,
} from './state.ts';

const OUTCOMES: Readonly<Record<Direction, Outcome>> = {
  forward: 'done',
  back: 'undone',
  refused: 'refused',
};

/** A call of an execution, with everything that it was started with. */
export function messageFor(
  course: Course,
  world: World,
  name: ExecutionName,
  { call, at, attempt }: Pick<Message, 'call' | 'at' | 'attempt'>,
): Message {
  const { task: of, epoch, grant, direction } = world.executions[name];
  const task = of as Task;
  const { plan } = world.records[task];
  return {
    call,
    at,
    by: name,
    task,
    epoch,
    attempt,
    grant,
    rows: call === 'import' && at ? toImport(course, world, task, at) : NO_ROWS,
    incarnation: at && plan ? Number(plan.incarnations[PLACES.indexOf(at)]) : 0,
    stage: '',
    session: 0,
    from: plan?.from ?? 'removed',
    to: plan?.to ?? 'removed',
    version: plan?.version ?? 0,
    outcome: call !== 'close' ? '' : direction ? OUTCOMES[direction] : 'done',
  };
}

/** The call of a region that opens a place by itself: in the name of the highest epoch that the provider has seen. */
export function openExpiredMessage(world: World, place: Place): Message | undefined {
  const { holder, epoch, closing, incarnation } = world.providers[place];
  if (holder === '') return undefined;
  return {
    call: 'open-expired',
    at: place,
    by: holder,
    task: world.executions[holder].task as Task,
    epoch,
    attempt: 1,
    grant: closing,
    rows: NO_ROWS,
    incarnation,
    stage: '',
    session: 0,
    from: 'removed',
    to: 'removed',
    version: 0,
    outcome: '',
  };
}

/** The attempt of a call that counts: only its answer is waited for. */
export const attemptOf = ({ retried }: Execution, key: string): number =>
  1 + retried.filter((one) => one === key).length;

/** The calls that an execution waits for. */
export function waitedFor({ waiting }: Execution): readonly Pick<Message, 'call' | 'at'>[] {
  return waiting.map((key) => {
    const [call, at = ''] = key.split(' ') as [Call, (Place | '')?];
    return { call, at };
  });
}

export const underWay = ({ network, executions }: World, name: ExecutionName, key: string): boolean =>
  network.some(
    (message) =>
      message.by === name &&
      keyOf(message.call, message.at) === key &&
      message.attempt === attemptOf(executions[name], key),
  );
