import { decideDirection, refusalOfClaim } from './decide.ts';
import { attemptOf, messageFor } from './messages.ts';
import { asking, type Course, holds, isLook, keyOf, pathOf, placesFor, toImport } from './operations.ts';
import {
  type Call,
  type Direction,
  type Execution,
  type ExecutionName,
  isRecovery,
  type Message,
  NO_ROWS,
  type Phase,
  type Place,
  providerOf,
  type Refusal,
  type Rows,
  type Task,
  type World,
} from './state.ts';
import { IDLE, withExecution, withRecord } from './world.ts';

/** An execution that has stopped for good; nothing that it knew matters any more. */
export const stopped = (world: World, name: ExecutionName, state: 'dead' | 'refused' | 'ended'): World =>
  withExecution(world, name, { ...IDLE, state, task: world.executions[name].task });

/** Begins a phase: sends its calls, all at once. One that has none is passed over. */
function begin(course: Course, world: World, name: ExecutionName, phase: Phase): World {
  const execution: Execution = { ...world.executions[name], phase, waiting: [], retried: [] };
  if (isLook(phase)) return withExecution(world, name, execution);
  const call = phase as Call;
  const places = placesFor(course, world, execution.task as Task, phase);
  const begun = withExecution(world, name, { ...execution, waiting: places.map((at) => keyOf(call, at)) });
  if (places.length === 0) return advance(course, begun, name);
  const calls = places.map((at) => messageFor(course, begun, name, { call, at, attempt: 1 }));
  return { ...begun, network: [...begun.network, ...calls] };
}

/** Goes to the next phase, or ends. */
export function advance(course: Course, world: World, name: ExecutionName): World {
  const execution = world.executions[name];
  const path = pathOf(course, name, execution);
  const next = path[path.indexOf(execution.phase as Phase) + 1];
  return next === undefined ? stopped(world, name, 'ended') : begin(course, world, name, next);
}

/** Turns to the work of a decision. */
export const turn = (course: Course, world: World, name: ExecutionName, direction: Direction): World =>
  advance(course, withExecution(world, name, { ...world.executions[name], direction }), name);

/** Takes an answer, if the execution waits for it: that of another attempt, or of a phase of the past, is nobody's. */
export function answered(course: Course, world: World, message: Message, refusal?: Refusal): World {
  const execution = world.executions[message.by];
  const key = keyOf(message.call, message.at);
  const waits = execution.state === 'running' && execution.waiting.includes(key);
  if (!waits || message.attempt !== attemptOf(execution, key)) return world;
  if (refusal) return failed(course, world, message, refusal);
  const learnt = learn(course, world, message);
  return learnt.executions[message.by].state === 'running' ? settled(course, learnt, message) : learnt;
}

/** One call less to wait for; after the last one comes the next phase, and of a recovery that has asked, its decision. */
function settled(course: Course, world: World, { by: name, call, at }: Message): World {
  const execution = world.executions[name];
  const waiting = execution.waiting.filter((key) => key !== keyOf(call, at));
  const next = withExecution(world, name, { ...execution, waiting });
  if (waiting.length > 0) return next;
  const task = execution.task as Task;
  const asked = isRecovery(name) && call === asking(course, course.operationOf[task]).at(-1);
  if (!asked || execution.direction) return advance(course, next, name);
  return turn(course, next, name, decideDirection(course, next, task, name));
}

/** What the provider must hold at its seal: what was imported, or what the move left. */
const expectedAt = (course: Course, world: World, task: Task, place: Place): Rows =>
  course.operationOf[task] === 'cleanup'
    ? (world.fallback?.rows[providerOf(place)] ?? NO_ROWS)
    : toImport(course, world, task, place);

/** What the answer says, where the execution or its task's record needs it. */
function learn(course: Course, world: World, { call, at, by: name, task, epoch }: Message): World {
  const execution = world.executions[name];
  const note = (change: Partial<Execution>): World => withExecution(world, name, { ...execution, ...change });
  switch (call) {
    case 'take':
    case 'retake':
      return note({ epoch: world.row.epoch });
    case 'claim':
      return isRecovery(name) || !refusalOfClaim(course, world, task)
        ? world
        : stopped(world, name, 'refused');
    case 'lock':
      return note({ grant: world.authority.grant?.number ?? 0 });
    case 'unlock': {
      const commits = course.operationOf[task] === 'backup' && !isRecovery(name);
      const unbroken = world.authority.grant?.releasedBy === name;
      const enough = unbroken || !course.rules['15 a backup needs an unbroken grant'];
      return commits && !enough ? stopped(world, name, 'refused') : world;
    }
    case 'import': {
      const record = world.records[task];
      const imported = [...record.imported, providerOf(at as Place)].sort();
      return holds(record, name, epoch) ? withRecord(world, task, { ...record, imported }) : world;
    }
    case 'seal': {
      const place = at as Place;
      const same = world.providers[place].rows === expectedAt(course, world, task, place);
      return same ? world : note({ equal: false });
    }
    default:
      return world;
  }
}

/** What can't be opened or fenced is reported, what can't be erased is a debt; any other refusal ends the execution. */
function failed(course: Course, world: World, message: Message, refusal: Refusal): World {
  const { by: name, call, at, task, epoch } = message;
  const record = world.records[task];
  const { direction } = world.executions[name];
  if ((call === 'open' && direction !== '') || call === 'fence') return settled(course, world, message);
  if (call === 'erase' && holds(record, name, epoch)) {
    // A removal stays open until nothing is left anywhere.
    if (course.operationOf[task] === 'remove') return stopped(world, name, 'ended');
    if (!course.rules['23 what is left is a debt']) return settled(course, world, message);
    const debts = [...record.debts, at as Place].sort();
    return settled(course, withRecord(world, task, { ...record, debts }), message);
  }
  const nothingToDo = call === 'retake' || refusal === 'CompanyBusy';
  return stopped(world, name, nothingToDo ? 'ended' : 'refused');
}

/** Waits no longer for an answer that does not come. Whether the call had an effect is unknown. */
export function givesUp(course: Course, world: World, name: ExecutionName): World {
  const unknown = world.executions[name].phase === 'commit' && !course.rules['16 unknown goes to recovery'];
  return unknown ? turn(course, world, name, 'back') : stopped(world, name, 'dead');
}
