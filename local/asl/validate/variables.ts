import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Place } from './problems.ts';

/** A variable's name. Source: Step Functions developer guide, workflow variables. */
const VARIABLE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u;

/** Names that the states of one block assign, inner blocks apart. */
export function assignedIn(states: JsonObject): Set<string> {
  const names = new Set<string>();
  for (const state of Object.values(states)) {
    if (!isJsonObject(state)) continue;
    for (const holder of [state, ...entries(state['Choices']), ...entries(state['Catch'])]) {
      const assign = holder['Assign'];
      if (isJsonObject(assign)) for (const name of Object.keys(assign)) names.add(name);
    }
  }
  return names;
}

/** Checks an Assign's names; `outer` are those of the blocks around, which an inner block can't assign. */
export function checkAssign(assign: Json | undefined, outer: ReadonlySet<string>, place: Place): void {
  if (assign === undefined) return;
  if (!isJsonObject(assign)) {
    place.problem('must be an object of variables');
    return;
  }
  for (const name of Object.keys(assign)) {
    if (!VARIABLE_NAME.test(name)) {
      place.at(name).problem('is no variable name: a letter or _, then letters, digits or _, at most 80');
    } else if (name === 'states') place.at(name).problem('$states belongs to Step Functions');
    else if (outer.has(name)) {
      place.at(name).problem('is assigned outside this block; an inner block can read it but not assign it');
    }
  }
}

function entries(list: Json | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}
