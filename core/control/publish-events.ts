import type { PhaseEvent } from '@tanker/contract/index.ts';
import type { EventBus } from '../ports.ts';
import { phaseEventOf, type TaskChange } from './phase-event.ts';

/** Events of one call, as many as PutEvents takes. Source: EventBridge, "PutEvents". */
export const EVENTS_A_CALL = 10;

interface Told {
  readonly change: TaskChange;
  readonly event: PhaseEvent;
}

/**
 * The events in their order, in calls with no task twice in one: of a call some may be refused and others taken, and a
 * task's later event must not be out before its earlier one.
 */
function callsOf(told: readonly Told[]): Told[][] {
  const calls: Told[][] = [];
  for (const one of told) {
    const last = calls.at(-1);
    const fits =
      last !== undefined &&
      last.length < EVENTS_A_CALL &&
      last.every(({ event }) => event.task !== one.event.task);
    if (fits) last.push(one);
    else calls.push([one]);
  }
  return calls;
}

/** The first of a call that is not on the bus, and why. */
async function firstRefused(
  bus: EventBus,
  call: readonly Told[],
): Promise<{ change: TaskChange; why: unknown } | undefined> {
  const [first] = call;
  try {
    const refused = await bus.put(call.map(({ event }) => event));
    const [at] = refused;
    const change = at === undefined ? undefined : call[at.index]?.change;
    return change && { change, why: at?.code };
  } catch (error) {
    return first && { change: first.change, why: error };
  }
}

export interface Published {
  readonly events: readonly PhaseEvent[];
  /** The change from which on all has to be told again; what had gone out behind it goes out twice. */
  readonly stoppedAt?: { readonly sequence: string; readonly why: unknown };
}

/** Tells the bus of changes in their order, and stops at the first that it does not take. Never throws. */
export async function publishEvents(bus: EventBus, changes: readonly TaskChange[]): Promise<Published> {
  const told = changes.flatMap((change) => {
    const event = phaseEventOf(change);
    return event ? [{ change, event }] : [];
  });
  const events: PhaseEvent[] = [];
  for (const call of callsOf(told)) {
    const refused = await firstRefused(bus, call);
    if (refused) return { events, stoppedAt: { sequence: refused.change.sequence, why: refused.why } };
    events.push(...call.map(({ event }) => event));
  }
  return { events };
}
