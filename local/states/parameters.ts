import { isJsonObject, type Json, type JsonObject } from '../asl/json.ts';
import { StatesApiError } from './errors.ts';

/** Longest text of each parameter. Source: Step Functions service model. */
const LENGTH_LIMITS: { readonly [name: string]: number } = {
  stateMachineArn: 256,
  executionArn: 256,
  taskToken: 2_048,
  input: 262_144,
  output: 262_144,
  error: 256,
  cause: 32_768,
};

/** An operation's parameters, read with the refusals that the service model leads to. */
export class Parameters {
  readonly #values: JsonObject;

  constructor(values: Json) {
    if (!isJsonObject(values))
      throw new StatesApiError('SerializationException', 'The body must be a JSON object.');
    this.#values = values;
  }

  /** @throws StatesApiError ValidationException when it is missing, no text, or too long */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value !== undefined && value !== '') return value;
    throw invalid(`Value at '${name}' failed to satisfy constraint: Member must not be null or empty`);
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== 'string')
      throw new StatesApiError('SerializationException', `'${name}' must be a string.`);
    const limit = LENGTH_LIMITS[name];
    if (limit !== undefined && Buffer.byteLength(value) > limit) {
      throw invalid(
        `Value at '${name}' failed to satisfy constraint: Member must have length less than or equal to ${limit}`,
      );
    }
    return value;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#values[name];
    return typeof value === 'boolean' ? value : otherwise;
  }

  /** `maxResults`: up to 1,000, and 100 when it is 0 or missing. Source: Step Functions API reference. */
  pageSize(): number {
    const value = this.#values['maxResults'] ?? 0;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1_000)
      return value || 100;
    throw invalid("Value at 'maxResults' failed to satisfy constraint: Member must be from 0 to 1000");
  }

  /** Refuses a parameter that AWS has and the embedded cloud hasn't. */
  refuse(name: string): void {
    if (this.#values[name] === undefined || this.#values[name] === null) return;
    throw new StatesApiError('ValidationException', `The embedded cloud does not support '${name}'.`);
  }
}

function invalid(problem: string): StatesApiError {
  return new StatesApiError('ValidationException', `1 validation error detected: ${problem}`);
}
