import { type FunctionDefinition, LambdaApiError, parseFunctionReference } from './definition.ts';
import type { FunctionLog } from './log.ts';

/** One invocation from when it was let in until its end; `pid` once a process works on it. */
export interface FunctionRun {
  /** JSON text. */
  readonly payload: string;
  pid?: number;
}

/** A function of the cloud with what runs of it share. */
export interface Registered {
  readonly region: string;
  /** Unique over all regions. */
  readonly key: string;
  readonly definition: FunctionDefinition;
  readonly log: FunctionLog;
  /** Invocations under way, against the reserved concurrency. */
  running: number;
  /** All of them, also those that a fault keeps waiting. */
  readonly runs: Set<FunctionRun>;
}

/** The functions of all regions; each region knows only its own. */
export class FunctionRegistry {
  readonly #functions = new Map<string, Registered>();

  /** Throws when the region has a function of this name. */
  add(region: string, definition: FunctionDefinition, log: FunctionLog): Registered {
    const key = `${region}/${definition.name}`;
    if (this.#functions.has(key)) throw new Error(`Two functions are named ${definition.name} in ${region}`);
    const entry = { region, key, definition, log, running: 0, runs: new Set<FunctionRun>() };
    this.#functions.set(key, entry);
    return entry;
  }

  all(): readonly Registered[] {
    return [...this.#functions.values()];
  }

  of(definition: FunctionDefinition): Registered {
    const found = this.all().find((entry) => entry.definition === definition);
    if (!found) throw new Error(`No function has the ARN ${definition.arn}`);
    return found;
  }

  /** By name, partial ARN or ARN. @throws LambdaApiError ResourceNotFoundException */
  find(region: string, functionName: string): Registered {
    const reference = parseFunctionReference(functionName);
    if (reference.region !== undefined && reference.region !== region) {
      const message = `Functions from '${reference.region}' are not reachable in this region ('${region}')`;
      throw new LambdaApiError('ResourceNotFoundException', 404, message);
    }
    const found = this.#functions.get(`${region}/${reference.name}`);
    const knowsQualifier = reference.qualifier === undefined || reference.qualifier === '$LATEST';
    if (found && knowsQualifier) return found;
    const suffix = knowsQualifier ? '' : `:${reference.qualifier}`;
    const account = this.all()[0]?.definition.arn.split(':')[4] ?? '000000000000';
    const arn = `arn:aws:lambda:${region}:${account}:function:${reference.name}${suffix}`;
    throw new LambdaApiError('ResourceNotFoundException', 404, `Function not found: ${arn}`);
  }
}
