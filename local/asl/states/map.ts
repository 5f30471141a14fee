import type { MapState } from '../definition.ts';
import { guarded } from '../guarded.ts';
import type { Json } from '../json.ts';
import { type Outcome, withinLimit } from '../outcome.ts';
import type { Visit } from '../visit.ts';
import { runChildren } from './distributed-map.ts';
import { runIterations } from './inline-map.ts';

/** A Map's work, its fields evaluated. */
export interface MapWork {
  readonly items: readonly Json[];
  /** 0 for as many as allowed. */
  readonly maxConcurrency: number;
  readonly toleratedFailureCount: number | undefined;
  readonly toleratedFailurePercentage: number | undefined;
}

/** Runs the item processor on every item; the result is the array of the outputs, in the items' order. */
export function runMap(visit: Visit<MapState>): Promise<Outcome> {
  return guarded(visit, async () => {
    const work = await evaluateWork(visit);
    visit.thread.advance('MapStateStarted', { length: work.items.length });
    const distributed = visit.state.ItemProcessor.ProcessorConfig?.Mode === 'DISTRIBUTED';
    const results = await (distributed ? runChildren(visit, work) : runIterations(visit, work));
    return withinLimit(results, visit.name);
  });
}

/** Evaluates the fields that say what there is to do. @throws StateFailure */
export async function evaluateWork(visit: Visit<MapState>): Promise<MapWork> {
  const { state } = visit;
  return {
    items: await evaluateItems(visit),
    maxConcurrency: (await amount(visit, 'MaxConcurrency', state.MaxConcurrency)) ?? 0,
    toleratedFailureCount: await amount(visit, 'ToleratedFailureCount', state.ToleratedFailureCount),
    toleratedFailurePercentage: await amount(
      visit,
      'ToleratedFailurePercentage',
      state.ToleratedFailurePercentage,
      100,
    ),
  };
}

/** Items must be an array, nothing else is taken for one (recorded). */
async function evaluateItems(visit: Visit<MapState>): Promise<readonly Json[]> {
  if (visit.state.Items !== undefined) return visit.evaluateAs<Json[]>(visit.state.Items, 'Items', 'array');
  if (Array.isArray(visit.input)) return visit.input;
  throw visit.evaluationFailed(
    undefined,
    `Map state input must be an array but was: ${JSON.stringify(visit.input)}`,
  );
}

async function amount(
  visit: Visit<MapState>,
  field: string,
  value: number | string | undefined,
  most = Number.POSITIVE_INFINITY,
): Promise<number | undefined> {
  if (value === undefined) return undefined;
  const number = await visit.evaluateAs<number>(value, field, 'number');
  if (number >= 0 && number <= most) return number;
  const upTo = most === Number.POSITIVE_INFINITY ? 'at least 0' : `from 0 to ${most}`;
  throw visit.evaluationFailed(field, `The ${field} field must be ${upTo}, but was: ${number}`);
}

/** The input of one iteration: ItemSelector's value, in which `$states.input` is the Map's input; else the item. */
export async function iterationInput(visit: Visit<MapState>, index: number, value: Json): Promise<Json> {
  const { ItemSelector } = visit.state;
  if (ItemSelector === undefined) return value;
  return withinLimit(await visit.evaluate(ItemSelector, 'ItemSelector', {}, { index, value }), visit.name);
}
