import {
  agentFunctionName,
  controlFunctionName,
  type HookName,
  type Location,
  PROVIDER_OPERATIONS,
} from '@tanker/contract/index.ts';
import { HOOKED } from '../../demo/world/schema.ts';
import type { FaultInput } from '../../local/faults.ts';
import type { AgentActor, ControlActor, GatewayCall, ProviderCall, Side } from './actors.ts';
import { actorsOf, type Cell, cellId, chosen } from './cells.ts';
import type { Case } from './company.ts';
import type { Barrier, FrontCall } from './front.ts';
import type { MatrixStage } from './matrix-stage.ts';

/** A fault that is set and waits for its call. */
export interface Harm {
  /** How many calls it has hit. */
  readonly hits: () => number;
  /** No new call is hit; what is held stays held. */
  mend(): void;
  /** Lets go of what is held: it arrives now, as late as it is, or never. */
  release(held?: 'arrive' | 'drop'): void;
  /** The process that works on the hit call, for those who kill it. */
  readonly victim?: () => number | undefined;
}

/** Providers that a fault may strike: with and without messages, a queue, and files. */
const VICTIMS = ['deals', 'documents', 'reminders', 'mail'] as const;
export const victimOf = (cell: Cell): string =>
  actorsOf(cell)?.agent?.hook ? HOOKED : (VICTIMS[chosen(cellId(cell), VICTIMS.length)] as string);

export interface Target {
  readonly stage: MatrixStage;
  readonly cell: Cell;
  readonly task: Case;
  readonly provider: string;
}

/** Where an agent of the phase works. */
export function locationOf(task: Case, side: Side): Location {
  const location = task[side];
  if (!location) throw new Error(`${task.operation} has no "${side}".`);
  return location;
}

const functionOf = ({ stage, task }: Target, actor: ControlActor | AgentActor) => {
  const { topology } = stage;
  if (actor.kind === 'control') {
    return {
      region: topology.controlRegion,
      functionName: controlFunctionName(topology, actor.name),
      payload: actor.name === 'claim-company' ? { task: task.task } : { company: task.company },
    };
  }
  return agentOf({ stage, task }, actor);
};

function agentOf({ stage: { topology }, task }: Pick<Target, 'stage' | 'task'>, actor: AgentActor) {
  const location = locationOf(task, actor.side);
  const { datacenter, server } = location;
  return {
    region: topology.datacenters.find(({ name }) => name === datacenter)?.region ?? '',
    functionName: agentFunctionName(topology, datacenter, actor.name),
    payload: { company: task.company, location: { datacenter, server } },
  };
}

/** A fault at the phase's function: agents are hit at one provider, and in this phase only. */
function atFunction(
  target: Target,
  operation: 'Run' | 'Invoke',
  fault: Pick<FaultInput, 'times' | 'effect'>,
) {
  const { main } = actors(target);
  const { region, functionName, payload } = functionOf(target, main);
  const { phase } = target.cell;
  const one = main.kind === 'agent' ? { ...payload, provider: target.provider, phase } : payload;
  return setFault(target.stage, {
    service: 'lambda',
    region,
    match: { operation, functionName, payload: one },
    ...fault,
  });
}

function setFault({ cloud: { faults } }: MatrixStage, fault: FaultInput): Harm {
  const id = faults.set(fault);
  const isHeld = fault.effect.kind === 'hold';
  let before = 0;
  const hits = () => {
    const now = faults.list().find((one) => one.id === id);
    // An answer that is held is hit when the work is done, not when it begins.
    return (isHeld ? now?.held : now?.hits) ?? before;
  };
  const clear = () => {
    before = hits();
    faults.clear(id);
  };
  return { hits, mend: isHeld ? () => {} : clear, release: clear };
}

const actors = ({ cell }: Target) => {
  const found = actorsOf(cell);
  if (!found) throw new Error(`Nothing runs in ${cellId(cell)}.`);
  return found;
};

/** The contract's path as a pattern for what follows the company. */
const pathOf = (call: ProviderCall, hook = '{hook}'): RegExp => {
  const below = PROVIDER_OPERATIONS[call].path.slice('/companies/{company}'.length).replace('{hook}', hook);
  return new RegExp(`^${below.replace(/\{[a-z]+\}/g, '[^/]+')}$`);
};
const isCall = (call: ProviderCall, hook?: HookName) => {
  const path = pathOf(call, hook);
  const { method } = PROVIDER_OPERATIONS[call];
  return (seen: FrontCall) => seen.method === method.toUpperCase() && path.test(seen.path);
};

function providerCalls(target: Target, actor: AgentActor) {
  const { datacenter, server } = locationOf(target.task, actor.side);
  const peer = `${datacenter}/${target.provider}`;
  return (seen: FrontCall) =>
    seen.peer === peer && seen.server === server && seen.company === target.task.company;
}

const toHarm = (barrier: Barrier): Harm => ({
  hits: barrier.hits,
  mend: () => barrier.lift(),
  release: (held) => barrier.lift(held),
});

/**
 * Something done to the agent's call at its provider. Where an earlier phase makes the same call, the barrier is raised
 * by what comes between.
 */
function atProvider(
  target: Target,
  actor: AgentActor,
  acts: { readonly before: 'cut' | 'hold-call'; readonly after: 'lose-answer' | 'hold-answer' },
  options: { readonly times?: number; readonly onHit?: () => void } = {},
): Harm {
  const { front } = target.stage;
  const { when } = target.cell;
  const mine = providerCalls(target, actor);
  const call = isCall(when === 'after' ? (actor.done ?? actor.call) : actor.call, actor.hook);
  const barrier = () =>
    front.raise({ matches: (seen) => mine(seen) && call(seen), act: acts[when], ...options });
  if (actor.after === undefined) return toHarm(barrier());
  const earlier = isCall(actor.after);
  let raised: Barrier | undefined;
  const watch = front.raise({
    matches: (seen) => mine(seen) && earlier(seen),
    act: 'watch',
    onHit: () => {
      raised ??= barrier();
    },
  });
  const lift = (held?: 'arrive' | 'drop') => {
    watch.lift();
    raised?.lift(held);
  };
  return { hits: () => raised?.hits() ?? 0, mend: lift, release: lift };
}

/** From the first hit on, nothing of the company gets through to the provider. */
function providerDown(target: Target, actor: AgentActor): Harm {
  const mine = providerCalls(target, actor);
  let down: Barrier | undefined;
  const first = atProvider(
    target,
    actor,
    { before: 'cut', after: 'lose-answer' },
    {
      times: 1,
      onHit: () => {
        down ??= target.stage.front.raise({ matches: mine, act: 'cut' });
      },
    },
  );
  const lift = () => {
    first.release();
    down?.lift();
  };
  return { hits: first.hits, mend: lift, release: lift };
}

/** Something done to a write at the authority. */
function atGateway(
  { stage, task, cell }: Target,
  { call, by, skip = 0 }: GatewayCall,
  acts: { readonly before: 'cut' | 'hold-call'; readonly after: 'lose-answer' | 'hold-answer' },
  times?: number,
): Harm {
  let seenBefore = 0;
  const barrier = stage.front.raise({
    matches: (seen) => {
      if (seen.peer !== 'gateway' || seen.path !== `/${call}` || seen.company !== task.company) return false;
      const { task: of, holder } = seen.body as { task: string; holder: string };
      const isOwn = of === task.task && (holder === `${of}/${of}`) === (by === 'task');
      if (!isOwn) return false;
      seenBefore += 1;
      return seenBefore > skip;
    },
    act: acts[cell.when],
    ...(times === undefined ? {} : { times }),
  });
  return toHarm(barrier);
}

const HOLD = { before: 'hold-call', after: 'hold-answer' } as const;
const BREAK = { before: 'cut', after: 'lose-answer' } as const;
/** One call of a function tries so often to reach the gateway. */
const GATEWAY_TRIES = 3;
/** One less than the SDK tries. */
const SLOW_DOWNS = 3;

/** Something is held where it has its effect: at the provider, at the authority, or else the function itself. */
function held(target: Target): Harm {
  const { main } = actors(target);
  if (main.kind === 'agent') return atProvider(target, main, HOLD);
  if (main.gateway) return atGateway(target, main.gateway, HOLD);
  const what = target.cell.when === 'before' ? 'call' : 'answer';
  // Once: a recovery makes the same call anew.
  return atFunction(target, 'Run', { effect: { kind: 'hold', what } });
}

/** A retry is for errors that may pass; the second name is none of those. */
function failing(target: Target, times: 1 | 'forever'): Harm {
  const errorType = times === 1 ? 'InternalFailure' : 'PhaseFailed';
  const errorMessage = 'The fault matrix makes it fail.';
  const effect =
    target.cell.when === 'before'
      ? ({ kind: 'error', errorType, errorMessage } as const)
      : ({ kind: 'answer-lost', errorMessage } as const);
  return atFunction(target, 'Run', { times, effect });
}

function atBucket(target: Target, isOnce: boolean): Harm {
  const { stage, task, provider, cell } = target;
  const { bucket } = actors(target);
  if (!bucket) throw new Error(`${cellId(cell)} has nothing to do with a bucket.`);
  const isListing = bucket.operation === 'ListObjectsV2';
  const prefix = `exports/${task.company}/${task.exportedBy}/${isListing ? '' : `${provider}/`}`;
  const fault = { service: 's3', contains: prefix };
  if (cell.when === 'after') {
    const effect = { kind: 'answer-lost' } as const;
    // One that hears nothing for good can't ask either whether its write has arrived.
    const match = isOnce || bucket.method === 'GET' ? { operation: bucket.method } : {};
    return setFault(stage, { ...fault, match, times: isOnce ? 1 : 'forever', effect });
  }
  const effect = { kind: 'error', errorType: 'SlowDown', statusCode: 503 } as const;
  const times = isOnce ? SLOW_DOWNS : 'forever';
  return setFault(stage, { ...fault, match: { operation: bucket.operation }, times, effect });
}

/** The agent's process, while it waits at its call; the call is never made, or its answer is never heard. */
function killed(target: Target, agent: AgentActor): Harm {
  const harm = atProvider(target, agent, HOLD, { times: 1 });
  const { region, functionName, payload } = agentOf(target, agent);
  const works = (text: string) => {
    const event = JSON.parse(text) as { company?: string; provider?: string; location?: Location };
    return (
      event.company === payload.company &&
      event.provider === target.provider &&
      event.location?.server === payload.location.server
    );
  };
  return {
    ...harm,
    victim: () =>
      target.stage.cloud.lambda
        .runs()
        .find((run) => run.region === region && run.functionName === functionName && works(run.payload))?.pid,
  };
}

/** Sets the fault of a cell; it hits when its call comes. */
export function bringAbout(target: Target): Harm {
  const { main, agent } = actors(target);
  switch (target.cell.way) {
    case 'stopped':
      return held(target);
    case 'fails-once':
      return failing(target, 1);
    case 'fails':
      return failing(target, 'forever');
    case 'doubled':
      return target.cell.when === 'before'
        ? atFunction(target, 'Invoke', { effect: { kind: 'duplicate' } })
        : atFunction(target, 'Invoke', { effect: { kind: 'hold', what: 'copy' } });
    case 'call-lost':
      return atFunction(target, 'Invoke', {
        effect: target.cell.when === 'before' ? { kind: 'drop' } : { kind: 'answer-lost' },
      });
    case 'gateway-once':
      if (main.kind !== 'control' || !main.gateway) break;
      return atGateway(target, main.gateway, BREAK, GATEWAY_TRIES);
    case 's3-once':
      return atBucket(target, true);
    case 's3-refuses':
      return atBucket(target, false);
    case 'worker-killed':
      if (agent) return killed(target, agent);
      break;
    case 'provider-once':
      if (agent) return atProvider(target, agent, BREAK, { times: 1 });
      break;
    case 'provider-down':
      if (agent) return providerDown(target, agent);
      break;
  }
  throw new Error(`${cellId(target.cell)} makes no sense: the rules skip it.`);
}
