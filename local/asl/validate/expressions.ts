import jsonata from 'jsonata';
import { compile, expressionIn } from '../expressions.ts';
import { STEP_FUNCTIONS_NAMES } from '../functions.ts';
import type { Json } from '../json.ts';
import { nearest, type Place } from './problems.ts';
import { mentionsIn, type Node } from './syntax-tree.ts';

/** What the expressions at one place may mention. */
export interface Sight {
  /** Members of `$states` that only some fields have. */
  readonly result: boolean;
  readonly errorOutput: boolean;
  /** Variables that are assigned somewhere in this block or around it. */
  readonly variables: ReadonlySet<string>;
  /** Refuses too what AWS accepts at creation and fails at run time: unknown functions, variables, bare names. */
  readonly strict: boolean;
}

/** Functions of JSONata 2.0, `$eval` apart, which Step Functions lacks. Source: docs.jsonata.org, function library. */
const JSONATA_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    'string length substring substringBefore substringAfter uppercase lowercase trim pad contains split join match ' +
    'replace base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl number abs floor ' +
    'ceil round power sqrt random formatNumber formatBase formatInteger parseInteger sum max min average boolean ' +
    'not exists count append sort reverse shuffle distinct zip keys lookup spread merge sift each error assert type ' +
    'map filter single reduce now millis fromMillis toMillis clone'
  ).split(' '),
);

const CONTEXT_MEMBERS: ReadonlySet<string> = new Set(['Execution', 'State', 'StateMachine', 'Task', 'Map']);

/** Checks every string in a value that is an expression, or seems meant as one. */
export function checkExpressions(value: Json | undefined, sight: Sight, place: Place): void {
  if (typeof value === 'string') {
    checkText(value, sight, place);
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkExpressions(item, sight, place.at(index));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) checkExpressions(item, sight, place.at(key));
  }
}

function checkText(text: string, sight: Sight, place: Place): void {
  const expression = expressionIn(text);
  if (expression === undefined) {
    if (text.startsWith('{%') !== text.endsWith('%}')) {
      place.problem("an expression must start with '{%' and end with '%}', without anything around them");
    }
    return;
  }
  try {
    compile(expression);
  } catch (error) {
    place.problem(`'${expression}' is no JSONata expression: ${(error as { message?: string }).message}`);
    return;
  }
  checkMentions(expression, sight, place);
}

function checkMentions(expression: string, sight: Sight, place: Place): void {
  const { functions, states, variables, withoutContext } = mentionsIn(
    jsonata(expression).ast() as unknown as Node,
  );
  for (const name of states) checkStatesMember(name, sight, place);
  if (functions.has('eval')) place.problem('$eval does not exist in Step Functions; $parse reads JSON text');
  if (!sight.strict) return;
  for (const name of functions) {
    if (name === 'eval' || isFunction(name) || sight.variables.has(name)) continue;
    const meant = nearest(name, [...JSONATA_FUNCTIONS, ...STEP_FUNCTIONS_NAMES]);
    place.problem(`there is no function $${name}${meant === undefined ? '' : `; did you mean $${meant}?`}`);
  }
  for (const name of variables) {
    if (name !== 'states' && !sight.variables.has(name) && !isFunction(name)) {
      place.problem(`no Assign that can be seen from here gives the variable $${name} a value`);
    }
  }
  for (const text of withoutContext) {
    place.problem(
      `'${text}' has nothing to look into: Step Functions has no input document; start with $states.input`,
    );
  }
}

function isFunction(name: string): boolean {
  return JSONATA_FUNCTIONS.has(name) || STEP_FUNCTIONS_NAMES.has(name);
}

function checkStatesMember(name: string, sight: Sight, place: Place): void {
  const [member, inner] = name.split('.') as [string, string | undefined];
  if (member === 'context' && inner !== undefined && !CONTEXT_MEMBERS.has(inner)) {
    place.problem(`$states.context has no member '${inner}'; it has ${[...CONTEXT_MEMBERS].join(', ')}`);
  } else if (member === 'result' && !sight.result) {
    place.problem('$states.result is there only in Output and Assign of a Task, Parallel or Map');
  } else if (member === 'errorOutput' && !sight.errorOutput) {
    place.problem('$states.errorOutput is there only in Output and Assign of a catcher');
  } else if (!['input', 'context', 'result', 'errorOutput'].includes(member)) {
    place.problem(`$states has no member '${member}'; it has input, context, result and errorOutput`);
  }
}
