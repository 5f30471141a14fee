import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { nearest, type Place } from './problems.ts';

/** States that end their block by nature. */
const ENDS: ReadonlySet<string> = new Set(['Succeed', 'Fail']);

/** Checks that each state leads somewhere that exists, and that each is led to from StartAt. */
export function checkTransitions(block: JsonObject, states: JsonObject, place: Place): void {
  const start = block['StartAt'];
  if (start !== undefined) checkTarget(start, states, place.at('StartAt'));
  for (const [name, state] of Object.entries(states)) {
    if (!isJsonObject(state)) continue;
    const at = place.at('States').at(name);
    checkLeaving(state, at);
    for (const { target, field } of targets(state)) checkTarget(target, states, at.at(field));
  }
  const reached = reachable(start, states);
  for (const name of Object.keys(states)) {
    if (!reached.has(name)) place.at('States').at(name).problem('no state leads here');
  }
}

function checkLeaving(state: JsonObject, place: Place): void {
  const { Type, Next, End } = state;
  if (Type === 'Choice' || ENDS.has(String(Type))) return;
  if (End !== undefined && End !== true) place.at('End').problem('must be true, or absent');
  if (Next === undefined && End === undefined) place.problem("needs 'Next' or 'End'");
  if (Next !== undefined && End !== undefined) place.problem("has both 'Next' and 'End'; keep one of them");
}

function checkTarget(target: Json, states: JsonObject, place: Place): void {
  if (typeof target === 'string' && Object.hasOwn(states, target)) return;
  const meant = nearest(String(target), Object.keys(states));
  place.problem(
    `there is no state '${target}' here${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
  );
}

function targets(state: JsonObject): { target: Json; field: string }[] {
  const list = (field: string): { target: Json; field: string }[] => {
    const entries = state[field];
    if (!Array.isArray(entries)) return [];
    return entries.flatMap((entry, index) =>
      isJsonObject(entry) && entry['Next'] !== undefined
        ? [{ target: entry['Next'], field: `${field}[${index}]/Next` }]
        : [],
    );
  };
  const single = (field: string): { target: Json; field: string }[] =>
    state[field] === undefined ? [] : [{ target: state[field] as Json, field }];
  return [...single('Next'), ...single('Default'), ...list('Choices'), ...list('Catch')];
}

function reachable(start: Json | undefined, states: JsonObject): Set<string> {
  const reached = new Set<string>();
  const open = [String(start)];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = states[name];
    if (reached.has(name) || !isJsonObject(state)) continue;
    reached.add(name);
    open.push(...targets(state).map(({ target }) => String(target)));
  }
  return reached;
}
