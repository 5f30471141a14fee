import { answered, givesUp, stopped } from './execution.ts';
import { attemptOf, messageFor, underWay, waitedFor } from './messages.ts';
import { type Course, keyOf } from './operations.ts';
import * as provider from './provider.ts';
import type { Bounds } from './scenario.ts';
import {
  EXECUTIONS,
  type ExecutionName,
  isRecovery,
  NO_ROWS,
  type Phase,
  PLACES,
  type World,
} from './state.ts';
import { allowed, type Step, spend } from './step.ts';
import { NO_RECORD, withExecution, withProvider } from './world.ts';

function deathOf(world: World, name: ExecutionName, bounds: Bounds): readonly Step[] {
  const phase = world.executions[name].phase as Phase;
  if (world.left.deaths === 0 || !allowed(bounds.deathsIn, phase)) return [];
  return [[`${name} dies in ${phase}`, spend(stopped(world, name, 'dead'), 'deaths')]];
}

/** A second try, giving up, and an erase that a provider does not answer. */
function waitingOf(course: Course, world: World, name: ExecutionName, bounds: Bounds): readonly Step[] {
  const execution = world.executions[name];
  const { left } = world;
  return waitedFor(execution).flatMap(({ call, at }): Step[] => {
    const steps: Step[] = [];
    const key = keyOf(call, at);
    const attempt = attemptOf(execution, key);
    if (left.retries > 0 && allowed(bounds.retriesOf, call)) {
      const again = messageFor(course, world, name, { call, at, attempt: attempt + 1 });
      const next = withExecution(world, name, { ...execution, retried: [...execution.retried, key] });
      const sent = { ...next, network: [...next.network, again] };
      steps.push([`${name}: ${key} takes too long and is called again`, spend(sent, 'retries')]);
    }
    if (!underWay(world, name, key)) {
      steps.push([`${name}: ${key} is never answered`, givesUp(course, world, name)]);
    }
    if (left.unreachable > 0 && call === 'erase' && isRecovery(name)) {
      const silent = messageFor(course, world, name, { call, at, attempt });
      const next = answered(course, world, silent, 'ProviderUnreachable');
      steps.push([`${name}: ${at} does not answer the erase`, spend(next, 'unreachable')]);
    }
    return steps;
  });
}

/** What happens to the databases of providers. */
function storeSteps(world: World, bounds: Bounds): readonly Step[] {
  const { left } = world;
  return PLACES.flatMap((place): Step[] => {
    const at = world.providers[place];
    const steps: Step[] = [];
    if (left.restores > 0 && allowed(bounds.restoresAt, place)) {
      const next = withProvider(world, place, provider.restored(at));
      steps.push([
        `${place} is restored: its rows are there, its fence row is gone`,
        spend(next, 'restores'),
      ]);
    }
    if (left.crashes > 0 && at.staging !== NO_ROWS) {
      const next = withProvider(world, place, { ...at, staging: NO_ROWS });
      steps.push([`the server of ${place} crashes: its staging is empty`, spend(next, 'crashes')]);
    }
    if (left.neighbours > 0 && at.rows === NO_ROWS) {
      const next = withProvider(world, place, { ...at, neighbour: 'there' });
      steps.push([`another company uses a key of this one's at ${place}`, spend(next, 'neighbours')]);
    }
    return steps;
  });
}

/** The control table is restored to a state before the tasks: row and records are gone, executions and calls are not. */
function setBackSteps(world: World, { setBacksAtRest }: Bounds): readonly Step[] {
  if (world.left.setBacks === 0 || world.row.epoch === 0) return [];
  const busy =
    world.network.length > 0 || EXECUTIONS.some((name) => world.executions[name].state === 'running');
  if (setBacksAtRest && busy) return [];
  const before = {
    ...world,
    row: { epoch: 0, holder: '', task: '' },
    records: { M: NO_RECORD, N: NO_RECORD },
  } as const;
  return [['the control table is restored: row and records are gone', spend(before, 'setBacks')]];
}

/** Without rule 1: the copy of the record that answers readers catches up when it likes. */
const replicaSteps = (world: World): readonly Step[] =>
  world.replica === null || world.replica === world.authority
    ? []
    : [['the replica catches up with the authority', { ...world, replica: world.authority }]];

/** Everything that goes wrong with executions, databases and tables. */
export function faultSteps(course: Course, world: World, bounds: Bounds): readonly Step[] {
  const running = EXECUTIONS.filter((name) => world.executions[name].state === 'running');
  return [
    ...running.flatMap((name) => [
      ...deathOf(world, name, bounds),
      ...waitingOf(course, world, name, bounds),
    ]),
    ...storeSteps(world, bounds),
    ...setBackSteps(world, bounds),
    ...replicaSteps(world),
  ];
}
