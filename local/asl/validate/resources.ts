import { isJsonObject, type JsonObject } from '../json.ts';
import { parseResource } from '../resource.ts';
import { nearest, type Place } from './problems.ts';

/** The resources that a TaskRunner serves, by the ARN's tail, and the arguments that each takes. */
export interface ResourceRules {
  readonly [tail: string]: ResourceRule;
}

export interface ResourceRule {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** What AWS takes and the embedded cloud would have to ignore. */
  readonly notImplemented?: readonly string[];
}

/** What is wrong with an argument of this name; undefined when nothing is. */
export function argumentProblem(name: string, rule: ResourceRule): string | undefined {
  const known = [...rule.required, ...rule.optional];
  if (known.includes(name)) return undefined;
  if (rule.notImplemented?.includes(name)) return 'the embedded cloud does not implement this argument';
  const meant = nearest(name, known);
  return `the field is not supported by Step Functions${meant ? `; did you mean '${meant}'?` : ''}`;
}

/** Checks a Task's Resource and, where they are written out, its Arguments' names. Without rules every integration is taken. */
export function checkResource(state: JsonObject, rules: ResourceRules | undefined, place: Place): void {
  const { Resource, Arguments } = state;
  if (Resource === undefined) return;
  let tail: string;
  try {
    tail = parseResource(String(Resource)).tail;
  } catch (error) {
    place.at('Resource').problem((error as Error).message);
    return;
  }
  if (rules === undefined) return;
  const rule = Object.hasOwn(rules, tail) ? rules[tail] : undefined;
  if (rule === undefined) {
    const meant = nearest(tail, Object.keys(rules));
    const hint = meant === undefined ? `it has ${Object.keys(rules).join(', ')}` : `did you mean '${meant}'?`;
    place.at('Resource').problem(`the embedded cloud has no integration '${tail}'; ${hint}`);
    return;
  }
  if (!isJsonObject(Arguments)) return;
  for (const name of rule.required) {
    if (Arguments[name] === undefined)
      place.at('Arguments').problem(`the field '${name}' is required but was missing`);
  }
  for (const name of Object.keys(Arguments)) {
    const problem = argumentProblem(name, rule);
    if (problem !== undefined) place.at('Arguments').at(name).problem(problem);
  }
}
