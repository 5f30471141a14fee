import jsonata from 'jsonata';
import type { Json } from './json.ts';
import { EXPRESSION_LIMIT_MS } from './limits.ts';

/** Why an expression has no value, in the words that Step Functions puts after the expression and its field. */
export class ExpressionProblem extends Error {
  constructor(words: string) {
    super(words);
    this.name = 'ExpressionProblem';
  }
}

/** The text between `{%` and `%}`, or undefined for a plain string: the delimiters must be its very ends. */
export function expressionIn(text: string): string | undefined {
  return text.length >= 4 && text.startsWith('{%') && text.endsWith('%}')
    ? text.slice(2, -2).trim()
    : undefined;
}

/**
 * Code of failures that are not JSONata's. JSONata writes its own message over that of a code it knows, so this must
 * be none of them.
 */
export const FAULT_CODE = 'StepFunctions';

/** JSONata's hook at the start of each evaluation step; public, the JSONata exerciser lives by it. */
const EVALUATE_ENTRY = Symbol.for('jsonata.__evaluate_entry');

/** The clock is read once in so many steps. */
const STEPS_PER_LOOK = 128;

const compiled = new Map<string, jsonata.Expression>();
let deadline = 0;
let steps = 0;
let turn: Promise<unknown> = Promise.resolve();

/** Parses once per text. @throws JSONata's error for a text that is no expression */
export function compile(expression: string): jsonata.Expression {
  const known = compiled.get(expression);
  if (known) return known;
  const fresh = jsonata(expression);
  fresh.assign(EVALUATE_ENTRY as unknown as string, checkTime);
  compiled.set(expression, fresh);
  return fresh;
}

function checkTime(): void {
  steps += 1;
  if (steps % STEPS_PER_LOOK === 0 && Date.now() > deadline) {
    throw { code: FAULT_CODE, message: `The expression ran longer than ${EXPRESSION_LIMIT_MS} ms` };
  }
}

/**
 * The expression's value as plain JSON. Evaluations take turns, so that each has its second for itself.
 * @throws ExpressionProblem when it fails, gives nothing, or gives what JSON can't hold
 */
export function evaluateExpression(expression: string, bindings: Record<string, unknown>): Promise<Json> {
  const mine = turn.then(() => evaluateNow(expression, bindings));
  turn = mine.catch(() => undefined);
  return mine;
}

async function evaluateNow(expression: string, bindings: Record<string, unknown>): Promise<Json> {
  let value: unknown;
  deadline = Date.now() + EXPRESSION_LIMIT_MS;
  try {
    value = await compile(expression).evaluate(undefined, bindings);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    throw new ExpressionProblem(
      `threw an error during evaluation. ${code ?? 'Error'}: ${message ?? 'unknown'}`,
    );
  }
  const json = plain(value);
  if (json === undefined) throw new ExpressionProblem('returned nothing (undefined).');
  return json;
}

/** A copy without JSONata's marks on arrays and without members that hold nothing. */
function plain(value: unknown): Json | undefined {
  if (value === undefined) return undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (typeof value !== 'object' || isFunction(value)) {
    throw new ExpressionProblem('returned an unsupported result type.');
  }
  const copy: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const json = plain(item);
    if (json !== undefined) copy[key] = json;
  }
  return copy;
}

function isFunction(value: object): boolean {
  return '_jsonata_function' in value || '_jsonata_lambda' in value || value instanceof RegExp;
}
