/** What went wrong with single pieces of work of many, none of which keeps another from its turn. */
export interface Failures {
  /** Does a piece of work; undefined when it failed. `what` is what was not done, as a sentence. */
  attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Logs and counts one that could not even be begun. */
  add(what: string, error: unknown): void;
  count(): number;
}

export function countFailures(logError: (what: string, error: unknown) => void): Failures {
  let count = 0;
  const add = (what: string, error: unknown) => {
    count += 1;
    logError(what, error);
  };
  return {
    async attempt(what, work) {
      try {
        return await work();
      } catch (error) {
        add(what, error);
        return undefined;
      }
    },
    add,
    count: () => count,
  };
}
