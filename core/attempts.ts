/** Does one piece of work of many; undefined when it failed, which is logged and counted. */
export type Attempt = <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;

/** Attempts of which a failed one keeps no other from its turn; `what` is what was not done, as a sentence. */
export function countFailures(logError: (what: string, error: unknown) => void): {
  readonly attempt: Attempt;
  failed(): number;
} {
  let failed = 0;
  return {
    async attempt(what, work) {
      try {
        return await work();
      } catch (error) {
        failed += 1;
        logError(what, error);
        return undefined;
      }
    },
    failed: () => failed,
  };
}
