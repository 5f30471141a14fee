import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { CATCHER_FIELDS, checkFields, RETRIER_FIELDS } from './fields.ts';
import { checkNumber } from './numbers.ts';
import type { Place } from './problems.ts';

/** Checks Retry: numbers, names and their order. */
export function checkRetry(retry: Json | undefined, place: Place): void {
  eachEntry(retry, 'Retry', place, (retrier, at, last) => {
    checkFields(retrier, RETRIER_FIELDS, 'a retrier', at);
    checkErrorEquals(retrier['ErrorEquals'], last, at.at('ErrorEquals'));
    for (const field of ['IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds']) {
      checkNumber(field, retrier[field], at);
    }
    const jitter = retrier['JitterStrategy'];
    if (jitter !== undefined && jitter !== 'FULL' && jitter !== 'NONE') {
      at.at('JitterStrategy').problem("must be 'FULL' or 'NONE'");
    }
  });
}

/** Checks Catch's form; `each` looks at what a catcher's fields hold. */
export function checkCatch(
  catchers: Json | undefined,
  place: Place,
  each: (catcher: JsonObject, place: Place) => void,
): void {
  eachEntry(catchers, 'Catch', place, (catcher, at, last) => {
    checkFields(catcher, CATCHER_FIELDS, 'a catcher', at);
    checkErrorEquals(catcher['ErrorEquals'], last, at.at('ErrorEquals'));
    each(catcher, at);
  });
}

function eachEntry(
  list: Json | undefined,
  field: string,
  place: Place,
  check: (entry: JsonObject, place: Place, last: boolean) => void,
): void {
  if (list === undefined) return;
  if (!Array.isArray(list)) {
    place.at(field).problem('must be an array');
    return;
  }
  for (const [index, entry] of list.entries()) {
    const at = place.at(`${field}[${index}]`);
    if (isJsonObject(entry)) check(entry, at, index === list.length - 1);
    else at.problem('must be an object');
  }
}

/** `States.ALL` must stand alone, in the last entry. Source: Amazon States Language, Errors. */
function checkErrorEquals(names: Json | undefined, last: boolean, place: Place): void {
  if (names === undefined) return;
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string')) {
    place.problem('must be an array of one or more error names');
    return;
  }
  if (!names.includes('States.ALL')) return;
  if (names.length > 1) place.problem("'States.ALL' must stand alone");
  if (!last) place.problem("'States.ALL' must be in the last entry, since nothing comes past it");
}
