import { dataLimitExceeded } from './errors.ts';
import { byteLength, type Json, type JsonObject } from './json.ts';
import { PAYLOAD_LIMIT_BYTES } from './limits.ts';
import type { StatesExtras, Visit } from './visit.ts';

/** How a state was left: what it hands on, to which state (none at an end), and the variables that it assigns. */
export interface Outcome {
  readonly output: Json;
  readonly next: string | undefined;
  readonly assigned: JsonObject;
}

/** Where Output and Assign stand: the state itself, a Choice's rule or a catcher. */
export interface Leaving {
  readonly Output?: Json;
  readonly Assign?: JsonObject;
  readonly Next?: string;
}

/**
 * Evaluates Output and Assign, both on the variables as they were when the state was entered.
 * @param inherited output when there is no Output
 * @param place opening of the fields' names, such as `Choices[0]/`
 * @throws StateFailure when an expression fails or the output is over 256 KiB
 */
export async function leave(
  visit: Visit,
  from: Leaving,
  inherited: Json,
  extras: StatesExtras = {},
  place = '',
): Promise<Outcome> {
  const assigned = await visit.evaluate(from.Assign ?? {}, `${place}Assign`, extras);
  const output =
    from.Output === undefined ? inherited : await visit.evaluate(from.Output, `${place}Output`, extras);
  return { output: withinLimit(output, visit.name), next: from.Next, assigned: assigned as JsonObject };
}

/** @throws StateFailure `States.DataLimitExceeded` for a value over 256 KiB */
export function withinLimit(value: Json, what: string): Json {
  if (byteLength(value) > PAYLOAD_LIMIT_BYTES) throw dataLimitExceeded(what);
  return value;
}
