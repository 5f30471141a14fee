import type { Manner } from './agents.ts';
import { customerSteps } from './customers.ts';
import { deliver } from './deliver.ts';
import { advance, answered } from './execution.ts';
import { faultSteps } from './faults.ts';
import { leaseSteps } from './leases.ts';
import { lookOf } from './looks.ts';
import { type Course, keyOf } from './operations.ts';
import { plan } from './plan.ts';
import type { Rules } from './rules.ts';
import type { Bounds, Scenario } from './scenario.ts';
import {
  EXECUTIONS,
  type ExecutionName,
  type Message,
  NO_ROWS,
  type Operation,
  RECOVERIES,
  TASKS,
  type Task,
  type World,
} from './state.ts';
import { allowed, type Step, spend } from './step.ts';
import { IDLE, withExecution } from './world.ts';

/** A scenario within its bounds and under its rules: all that decides which steps there are. */
export interface Play extends Course {
  readonly scenario: Scenario;
  readonly bounds: Bounds;
}

export function playOf(scenario: Scenario, bounds: Bounds, rules: Rules): Play {
  const operations = TASKS.map((task) => [task, scenario.tasks[task]?.operation ?? 'migrate'] as const);
  return { rules, scenario, bounds, operationOf: Object.fromEntries(operations) as Record<Task, Operation> };
}

function taskBegins(play: Play, world: World, task: Task): readonly Step[] {
  const order = play.scenario.tasks[task];
  if (!order || world.executions[task].state !== 'idle') return [];
  if (order.after && world.records[order.after].state !== 'closed') return [];
  return [plan(play, world, task, order)];
}

/** A recovery begins for an open task on which nobody works; by a late event also for one that has closed. */
function recoveryBegins(play: Play, world: World, task: Task): readonly Step[] {
  const { rules, bounds } = play;
  const name = RECOVERIES.find((one) => world.executions[one].state === 'idle');
  if (!name || world.left.recoveries === 0 || world.executions[task].state === 'idle') return [];
  const { state } = world.records[task];
  if (state === 'none' || (state === 'closed' && !bounds.lateEvents)) return [];
  if (state === 'open' && !rules['25 a sweeper finds every open task']) return [];
  const works = (one: ExecutionName): boolean =>
    world.executions[one].state === 'running' && world.executions[one].task === task;
  if (!bounds.overlap && EXECUTIONS.some(works)) return [];
  const begun = withExecution(world, name, { ...IDLE, state: 'running', task });
  return [[`${name} begins: recovery of ${task}`, spend(advance(play, begun, name), 'recoveries')]];
}

const labelOf = ({ call, at, by, epoch, stage, attempt }: Message): string => {
  const which = attempt > 1 ? `, attempt ${attempt}` : '';
  const under = epoch > 0 ? `, epoch ${epoch}` : '';
  return `${by}: ${keyOf(call, at)}${which}${under}${stage === '' ? '' : `, ${stage}`}`;
};

const same = (one: Message, other: Message): boolean =>
  (Object.keys(one) as (keyof Message)[]).every((field) => one[field] === other[field]);

/** The call's effect, its next step if it has one, and its answer if that arrives. */
function arrive(play: Play, world: World, message: Message, manner: Manner, answers: boolean): Step {
  const done = deliver(world, message, play, manner);
  const what = `${labelOf(message)}${done.refusal ? `: ${done.refusal}` : ''}`;
  if (done.onward) {
    const network = [...done.world.network, done.onward];
    return [`${what} -> ${done.onward.stage}`, { ...done.world, network }];
  }
  return [what, answers ? answered(play, done.world, message, done.refusal) : done.world];
}

/** A call under way arrives: once, with a double still under way, without an answer, or with a value changed. */
function arrivals(play: Play, world: World, index: number): readonly Step[] {
  const { bounds } = play;
  const { left, network } = world;
  const message = network[index] as Message;
  const manner: Manner = {
    slowAgents: bounds.slowAgents === true,
    importsInParts: bounds.importsInParts === true,
    garbles: false,
  };
  const without = { ...world, network: network.filter((_, at) => at !== index) };
  const steps = [arrive(play, without, message, manner, true)];
  if (left.doubles > 0 && allowed(bounds.doublesOf, message.call)) {
    const [what, next] = arrive(play, world, message, manner, true);
    steps.push([`${what}; a double stays under way`, spend(next, 'doubles')]);
  }
  if (left.lostAnswers > 0) {
    const [what, next] = arrive(play, without, message, manner, false);
    steps.push([`${what}; its answer is lost`, spend(next, 'lostAnswers')]);
  }
  if (left.garbles > 0 && message.call === 'import' && message.rows !== NO_ROWS) {
    const [what, next] = arrive(play, without, message, { ...manner, garbles: true }, true);
    steps.push([`${what}; one value is stored as something else`, spend(next, 'garbles')]);
  }
  return steps;
}

/** Every step that the world can take from here. */
export function stepsFrom(play: Play, world: World): readonly Step[] {
  const { network, executions } = world;
  const running = EXECUTIONS.filter((name) => executions[name].state === 'running');
  return [
    ...TASKS.flatMap((task) => taskBegins(play, world, task)),
    ...network.flatMap((message, index) =>
      network.findIndex((other) => same(other, message)) < index ? [] : arrivals(play, world, index),
    ),
    ...running.flatMap((name) => lookOf(play, world, name)),
    ...TASKS.flatMap((task) => recoveryBegins(play, world, task)),
    ...faultSteps(play, world, play.bounds),
    ...leaseSteps(play, world, play.bounds),
    ...customerSteps(world, play.rules, play.bounds),
  ];
}
