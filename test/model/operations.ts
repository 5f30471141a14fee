import type { Rules } from './rules.ts';
import {
  type Call,
  type Direction,
  type Execution,
  type ExecutionName,
  type Home,
  isRecovery,
  isSite,
  NO_ROWS,
  type Operation,
  type Phase,
  PLACES,
  type Place,
  placesOf,
  providerOf,
  type Rows,
  type Task,
  type TaskRecord,
  type World,
} from './state.ts';

/** What every step needs to know beside the world. */
export interface Course {
  readonly rules: Rules;
  readonly operationOf: Readonly<Record<Task, Operation>>;
}

const OPENING: readonly Phase[] = ['plan', 'take', 'claim'];
const SLICE: readonly Phase[] = ['lock', 'drain', 'export'];
const CLOSING: readonly Phase[] = ['close', 'release'];

/** Each operation's phases in their order; the commit point is in commit, of a backup in unlock, of a cleanup in give-up. */
const FORWARD: Readonly<Record<Operation, readonly Phase[]>> = {
  migrate: [...OPENING, ...SLICE, 'import', 'seal', 'verify', 'commit', 'unlock', ...CLOSING],
  backup: [...OPENING, ...SLICE, 'verify', 'open', 'unlock', ...CLOSING],
  restore: [...OPENING, 'lock', 'import', 'seal', 'verify', 'commit', 'unlock', ...CLOSING],
  remove: [...OPENING, ...SLICE, 'verify', 'commit', 'unlock', 'erase', ...CLOSING],
  'final-erasure': [...OPENING, 'lock', 'commit', 'unlock', ...CLOSING],
  cleanup: [...OPENING, 'seal', 'verify', 'give-up', 'erase', ...CLOSING],
};

/** What a recovery does once it has decided, before it closes. */
const RECOVERY: Readonly<Record<Operation, Readonly<Record<Direction, readonly Phase[]>>>> = {
  migrate: { forward: ['fence', 'unlock'], back: ['open', 'unlock', 'erase'], refused: ['unlock'] },
  backup: { forward: ['unlock'], back: ['open', 'unlock'], refused: ['unlock'] },
  restore: { forward: ['unlock'], back: ['unlock', 'erase'], refused: ['unlock'] },
  remove: { forward: ['unlock', 'erase'], back: ['open', 'unlock'], refused: ['unlock'] },
  'final-erasure': { forward: ['unlock'], back: ['unlock'], refused: ['unlock'] },
  cleanup: { forward: ['erase'], back: [], refused: [] },
};

const swapped = (path: readonly Phase[], one: Phase, other: Phase): readonly Phase[] =>
  path.map((phase) => (phase === one ? other : phase === other ? one : phase));

/** The path in the order that the rules demand; without one of them two of its writes change places. */
function ordered({ rules }: Course, operation: Operation, path: readonly Phase[]): readonly Phase[] {
  let order = path;
  if (!rules['25 the release is the last write']) order = swapped(order, 'close', 'release');
  if (operation === 'remove' && !rules['15 a removal commits before it erases']) {
    order = swapped(order, 'commit', 'erase');
  }
  if (operation === 'cleanup' && !rules['15 a fallback is given up before it is erased']) {
    order = swapped(order, 'give-up', 'erase');
  }
  return order;
}

/** What a recovery asks before it decides. */
export function asking({ rules }: Course, operation: Operation): readonly Phase[] {
  const claim: readonly Phase[] = rules['20 claims, then decides'] ? ['claim'] : ['look', 'claim'];
  const fenced = operation === 'cleanup' && rules['20 asks for a cleanup by a write'];
  return fenced ? ['retake', ...claim, 'fence-fallback'] : ['retake', ...claim];
}

/** The phases of an execution, as far as they are decided. */
export function pathOf(
  course: Course,
  name: ExecutionName,
  { task, direction }: Execution,
): readonly Phase[] {
  const operation = course.operationOf[task as Task];
  if (direction === '' && !isRecovery(name)) return ordered(course, operation, FORWARD[operation]);
  const asked = isRecovery(name) ? asking(course, operation) : [];
  if (direction === '') return asked;
  return [...asked, ...ordered(course, operation, [...RECOVERY[operation][direction], ...CLOSING])];
}

const LOOKS: ReadonlySet<Phase> = new Set<Phase>(['plan', 'look', 'drain', 'verify']);
/** Whether the execution looks and decides in this phase, and calls nobody. */
export const isLook = (phase: Phase): boolean => LOOKS.has(phase);

/** What an import brings to a place: the task's own exports, or the backup. */
export function toImport({ operationOf }: Course, world: World, task: Task, place: Place): Rows {
  const provider = providerOf(place);
  if (operationOf[task] === 'restore') return world.backup?.objects[provider] ?? NO_ROWS;
  return world.records[task].exported[provider].rows;
}

const places = (home: Home): readonly Place[] => (isSite(home) ? placesOf(home) : []);

/** Where the calls of a phase go: providers, or one call to the authority or the table. */
export function placesFor(course: Course, world: World, task: Task, phase: Phase): readonly (Place | '')[] {
  const { rules } = course;
  const { plan, imported } = world.records[task];
  const operation = course.operationOf[task];
  const from = places(plan?.from ?? 'removed');
  const to = places(plan?.to ?? 'removed');
  switch (phase) {
    case 'export':
    case 'open':
    case 'fence':
      return from;
    case 'import':
    case 'seal':
      if (operation === 'cleanup') return from;
      return rules['13 seals every provider']
        ? to
        : to.filter((place) => toImport(course, world, task, place) !== NO_ROWS);
    case 'erase':
      if (operation === 'remove') return PLACES;
      if (operation === 'cleanup') return from;
      return rules['21 erases at every provider of the plan']
        ? to
        : to.filter((place) => imported.includes(providerOf(place)));
    default:
      return [''];
  }
}

/** A call by its name and place, as executions wait for it and traces tell it. */
export const keyOf = (call: Call, at: Place | ''): string => (at ? `${call} ${at}` : call);

/** Whether the task's record still knows this execution as the one that holds it. */
export const holds = (record: TaskRecord, name: ExecutionName, epoch: number): boolean =>
  record.state === 'open' && record.epoch === epoch && record.holder === name;
