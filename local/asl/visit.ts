import type { State } from './definition.ts';
import { StateFailure } from './errors.ts';
import { ExpressionProblem, evaluateExpression, expressionIn } from './expressions.ts';
import { type Json, type JsonObject, typeName } from './json.ts';
import type { MapItem, Thread } from './thread.ts';

/** The members of `$states` that only some fields see. */
export interface StatesExtras {
  readonly result?: Json;
  readonly errorOutput?: Json;
}

/** One visit of a line of control to a state: evaluates the state's fields and records what goes wrong in them. */
export class Visit<S extends State = State> {
  readonly name: string;
  readonly state: S;
  readonly input: Json;
  readonly thread: Thread;
  /** Retries so far; undefined in states that can't retry, whose context lacks it. */
  retryCount: number | undefined;
  taskToken: string | undefined;
  readonly #before: number;
  readonly #enteredId: number;
  readonly #enteredTime: string;

  /** Enters the state. */
  constructor(name: string, state: S, input: Json, thread: Thread) {
    this.name = name;
    this.state = state;
    this.input = input;
    this.thread = thread;
    this.#before = thread.last;
    this.#enteredTime = new Date(thread.run.clock.now()).toISOString();
    this.#enteredId = thread.advance(`${state.Type}StateEntered`, { name, input });
  }

  /**
   * The value with each `{% %}` string in it replaced by what it evaluates to.
   * @param field where the value stands, such as `Output` or `Choices[0]/Condition`
   * @throws StateFailure `States.QueryEvaluationError`, after recording EvaluationFailed
   */
  async evaluate(value: Json, field: string, extras: StatesExtras = {}, item?: MapItem): Promise<Json> {
    return this.#resolve(value, field, this.#bindings(extras, item));
  }

  /** Like `evaluate`, for a field whose value must have a type. Literals were checked with the definition. */
  async evaluateAs<T extends Json>(value: Json, field: string, type: string): Promise<T> {
    const result = await this.evaluate(value, field);
    if (typeName(result) === type) return result as T;
    const expression = typeof value === 'string' ? (expressionIn(value) ?? value) : JSON.stringify(value);
    throw this.evaluationFailed(
      field,
      `${specified(expression, field)} returned an unexpected result type. ` +
        `Expected '${type}', but was '${typeName(result)}' for value: ${JSON.stringify(result)}`,
    );
  }

  /**
   * Records EvaluationFailed and answers the failure to throw. The event follows the one before the state's entry
   * (recorded), except for values that were evaluated but are unusable, for which `previous` is given.
   */
  evaluationFailed(field: string | undefined, words: string, previous?: number): StateFailure {
    const { thread } = this;
    const cause = `An error occurred while executing the state '${this.name}' (entered at the event id #${this.#enteredId}). ${words}`;
    const details = {
      cause,
      error: 'States.QueryEvaluationError',
      ...(field === undefined ? {} : { location: field }),
      state: this.name,
    };
    const untouched = thread.last === this.#enteredId ? this.#before : thread.last;
    thread.advance('EvaluationFailed', details, previous ?? untouched);
    return new StateFailure('States.QueryEvaluationError', cause);
  }

  /** `$states.context` as this state sees it now. */
  context(item: MapItem | undefined = this.thread.mapItem): JsonObject {
    return {
      ...this.thread.run.context,
      State: {
        Name: this.name,
        EnteredTime: this.#enteredTime,
        ...(this.retryCount === undefined ? {} : { RetryCount: this.retryCount }),
      },
      ...(this.taskToken === undefined ? {} : { Task: { Token: this.taskToken } }),
      ...(item === undefined ? {} : { Map: { Item: { Index: item.index, Value: item.value } } }),
    };
  }

  #bindings(extras: StatesExtras, item: MapItem | undefined): Record<string, unknown> {
    const states = { input: this.input, context: this.context(item), ...extras };
    return { ...this.thread.run.functions(), ...this.thread.scope.visible(), states };
  }

  async #resolve(value: Json, field: string, bindings: Record<string, unknown>): Promise<Json> {
    if (typeof value === 'string') {
      const expression = expressionIn(value);
      return expression === undefined ? value : this.#compute(expression, field, bindings);
    }
    if (Array.isArray(value)) {
      const items: Json[] = [];
      for (const [index, item] of value.entries()) {
        items.push(await this.#resolve(item, `${field}[${index}]`, bindings));
      }
      return items;
    }
    if (typeof value !== 'object' || value === null) return value;
    const members: JsonObject = {};
    for (const [key, member] of Object.entries(value)) {
      members[key] = await this.#resolve(member, `${field}/${key}`, bindings);
    }
    return members;
  }

  async #compute(expression: string, field: string, bindings: Record<string, unknown>): Promise<Json> {
    try {
      return await evaluateExpression(expression, bindings);
    } catch (error) {
      if (!(error instanceof ExpressionProblem)) throw error;
      throw this.evaluationFailed(field, `${specified(expression, field)} ${error.message}`);
    }
  }
}

function specified(expression: string, field: string): string {
  return `The JSONata expression '${expression}' specified for the field '${field}'`;
}
