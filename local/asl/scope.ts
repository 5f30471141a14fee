import { StateFailure } from './errors.ts';
import { byteLength, type Json, type JsonObject } from './json.ts';
import { ASSIGN_LIMIT_BYTES, VARIABLE_LIMIT_BYTES, VARIABLES_LIMIT_BYTES } from './limits.ts';

/** Bytes that all scopes of one execution hold together. */
interface Budget {
  bytes: number;
}

/**
 * The variables that one line of control sees. A branch or iteration gets an inner scope: it reads the outer
 * variables, and what it assigns is gone when it ends.
 */
export class Scope {
  readonly #outer: Scope | undefined;
  readonly #budget: Budget;
  readonly #own = new Map<string, Json>();

  constructor(outer?: Scope) {
    this.#outer = outer;
    this.#budget = outer ? outer.#budget : { bytes: 0 };
  }

  /** Every visible variable by name, the innermost value of each. */
  visible(): JsonObject {
    return { ...this.#outer?.visible(), ...Object.fromEntries(this.#own) };
  }

  /** @throws StateFailure `States.DataLimitExceeded` when a size limit would be passed; then nothing is assigned. */
  assign(values: JsonObject): void {
    const sizes = Object.entries(values).map(([name, value]) => ({ name, bytes: byteLength(value) }));
    const growth = sizes.reduce((sum, { name, bytes }) => sum + bytes - this.#size(name), 0);
    const tooBig = sizes.find(({ bytes }) => bytes > VARIABLE_LIMIT_BYTES);
    if (tooBig) throw limitPassed(`The variable '${tooBig.name}' exceeds`, VARIABLE_LIMIT_BYTES);
    if (sizes.reduce((sum, { bytes }) => sum + bytes, 0) > ASSIGN_LIMIT_BYTES) {
      throw limitPassed('The values of one Assign exceed', ASSIGN_LIMIT_BYTES);
    }
    if (this.#budget.bytes + growth > VARIABLES_LIMIT_BYTES) {
      throw limitPassed("The execution's variables exceed", VARIABLES_LIMIT_BYTES);
    }
    this.#budget.bytes += growth;
    for (const [name, value] of Object.entries(values)) this.#own.set(name, value);
  }

  /** Gives the room of an ended branch or iteration back. */
  end(): void {
    for (const name of this.#own.keys()) this.#budget.bytes -= this.#size(name);
    this.#own.clear();
  }

  #size(name: string): number {
    const value = this.#own.get(name);
    return value === undefined ? 0 : byteLength(value);
  }
}

function limitPassed(what: string, limitBytes: number): StateFailure {
  return new StateFailure('States.DataLimitExceeded', `${what} the limit of ${limitBytes} bytes.`);
}
