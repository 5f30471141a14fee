import { expressionIn } from '../expressions.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { parseInstant } from '../states/wait.ts';
import { checkCatch, checkRetry } from './errors-handling.ts';
import { checkExpressions, type Sight } from './expressions.ts';
import { checkFields, RULE_FIELDS, STATE_FIELDS, type StateType } from './fields.ts';
import { checkNumber } from './numbers.ts';
import { nearest, type Place } from './problems.ts';
import type { ResourceRules } from './resources.ts';
import { checkResource } from './resources.ts';
import { checkAssign } from './variables.ts';

/** What the checks of a state know of its surroundings. */
export interface Surroundings {
  readonly outerVariables: ReadonlySet<string>;
  readonly sight: Sight;
  readonly resources: ResourceRules | undefined;
}

const NUMBERS = [
  'Seconds',
  'TimeoutSeconds',
  'HeartbeatSeconds',
  'MaxConcurrency',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
];
/** Fields in which expressions see `$states.input` and `$states.context` alone. */
const PLAIN_FIELDS = [...NUMBERS, 'Arguments', 'Items', 'ItemSelector', 'Timestamp', 'Error', 'Cause'];
const WITH_RESULT: ReadonlySet<string> = new Set(['Task', 'Parallel', 'Map']);

/** Checks everything of a state but its transitions and the blocks inside it. */
export function checkState(state: JsonObject, around: Surroundings, place: Place): void {
  const type = state['Type'];
  const fields = STATE_FIELDS[type as StateType];
  if (fields === undefined) {
    const meant = nearest(String(type), Object.keys(STATE_FIELDS));
    place.at('Type').problem(`there is no state type '${type}'${meant ? `; did you mean '${meant}'?` : ''}`);
    return;
  }
  checkFields(state, fields, `a ${type} state`, place);
  if (state['QueryLanguage'] !== undefined && state['QueryLanguage'] !== 'JSONata') {
    place
      .at('QueryLanguage')
      .problem("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
  }
  for (const field of NUMBERS) checkNumber(field, state[field], place);
  for (const field of PLAIN_FIELDS) checkExpressions(state[field], around.sight, place.at(field));
  const sight = { ...around.sight, result: WITH_RESULT.has(String(type)) };
  checkLeaving(state, { ...around, sight }, place);
  checkRetry(state['Retry'], place);
  checkCatch(state['Catch'], place, (catcher, at) =>
    checkLeaving(catcher, { ...around, sight: { ...around.sight, errorOutput: true } }, at),
  );
  checkByType(type as StateType, state, around, place);
}

function checkLeaving(holder: JsonObject, around: Surroundings, place: Place): void {
  checkExpressions(holder['Output'], around.sight, place.at('Output'));
  checkExpressions(holder['Assign'], around.sight, place.at('Assign'));
  checkAssign(holder['Assign'], around.outerVariables, place.at('Assign'));
}

function checkByType(type: StateType, state: JsonObject, around: Surroundings, place: Place): void {
  if (type === 'Task') checkTask(state, around, place);
  if (type === 'Choice') checkChoice(state, around, place);
  if (type === 'Wait') checkWait(state, place);
  if (type === 'Map') checkMap(state, place);
  if (type === 'Fail') for (const field of ['Error', 'Cause']) checkText(state[field], place.at(field));
}

function checkTask(state: JsonObject, around: Surroundings, place: Place): void {
  checkResource(state, around.resources, place);
  const { TimeoutSeconds, HeartbeatSeconds } = state;
  if (typeof TimeoutSeconds === 'number' && typeof HeartbeatSeconds === 'number') {
    if (HeartbeatSeconds >= TimeoutSeconds) {
      place.at('HeartbeatSeconds').problem(`must be below TimeoutSeconds, which is ${TimeoutSeconds}`);
    }
  }
}

function checkChoice(state: JsonObject, around: Surroundings, place: Place): void {
  const rules = state['Choices'];
  if (!Array.isArray(rules) || rules.length === 0) {
    place.at('Choices').problem('must be a list of rules');
    return;
  }
  for (const [index, rule] of rules.entries()) {
    const at = place.at(`Choices[${index}]`);
    if (!isJsonObject(rule)) {
      at.problem('must be an object');
      continue;
    }
    checkFields(rule, RULE_FIELDS, 'a Choice rule', at);
    const condition = rule['Condition'];
    checkExpressions(condition, around.sight, at.at('Condition'));
    const isExpression = typeof condition === 'string' && expressionIn(condition) !== undefined;
    if (condition !== undefined && typeof condition !== 'boolean' && !isExpression) {
      at.at('Condition').problem('must be true, false or a JSONata expression');
    }
    checkLeaving(rule, around, at);
  }
}

function checkWait(state: JsonObject, place: Place): void {
  const { Seconds, Timestamp } = state;
  if ((Seconds === undefined) === (Timestamp === undefined)) {
    place.problem("a Wait state needs 'Seconds' or 'Timestamp', and not both");
  }
  if (Timestamp === undefined) return;
  const literal = typeof Timestamp === 'string' && expressionIn(Timestamp) === undefined;
  if (typeof Timestamp !== 'string' || (literal && parseInstant(Timestamp) === undefined)) {
    place.at('Timestamp').problem('must be an instant such as 2026-03-14T01:59:00Z, or a JSONata expression');
  }
}

/** A Label's longest form. Source: Step Functions developer guide, Map state in Distributed mode. */
const LABEL = /^[^\s?*<>{}[\]:;,\\|^~$#%&`"/]{1,40}$/;

function checkMap(state: JsonObject, place: Place): void {
  const { Items, Label } = state;
  const isExpression = typeof Items === 'string' && expressionIn(Items) !== undefined;
  if (Items !== undefined && !Array.isArray(Items) && !isExpression) {
    place.at('Items').problem('must be an array or a JSONata expression');
  }
  if (Label !== undefined && (typeof Label !== 'string' || !LABEL.test(Label))) {
    place.at('Label').problem('must be 1 to 40 characters without spaces and special ones');
  }
}

function checkText(value: Json | undefined, place: Place): void {
  if (value !== undefined && typeof value !== 'string') place.problem('must be a string');
}
