import { type ErrorName, type Refusal, TankerError } from '@tanker/contract/index.ts';

/** What is true after every refusal of a plan. */
export const UNTOUCHED = 'Nothing was touched.';

/** Failures of the machinery, not of what was asked: the state machine tries again. */
const MACHINERY: ReadonlySet<ErrorName> = new Set(['GatewayUnreachable', 'InternalFailure', 'TaskClosed']);

/** An error as the execution and the record show it: its name, and the three sentences. */
export const refusalOf = (error: TankerError): Refusal => ({ error: error.name, cause: error.message });

/** Turns a refusal that `work` throws into a value; anything else stays an exception. */
export async function refusedOr<T>(work: () => Promise<T>): Promise<T | TankerError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TankerError && !MACHINERY.has(error.errorName)) return error;
    throw error;
  }
}
