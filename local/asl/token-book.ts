import { randomUUID } from 'node:crypto';
import type { OpenToken, TaskTokens, TokenOutcome } from './tasks.ts';

/** What the holder of a token finds: `closed` is AWS's TaskTimedOut, `unknown` its InvalidToken. */
export type TokenAnswer = 'taken' | 'closed' | 'unknown';

interface Entry {
  outcome: TokenOutcome | undefined;
  readonly outcomeListeners: Set<(outcome: TokenOutcome) => void>;
  readonly heartbeatListeners: Set<() => void>;
}

/** Every task token keeps this opening, so that a token of ours whose task has ended is told from nonsense. */
const TOKEN_OPENING = 'AQCEAAAAKgAAAAMAAAAA';

/** The open task tokens of one region. */
export class TokenBook implements TaskTokens {
  readonly #open = new Map<string, Entry>();

  open(): OpenToken {
    const token = `${TOKEN_OPENING}${Buffer.from(`${randomUUID()}/${randomUUID()}`).toString('base64')}`;
    const entry: Entry = { outcome: undefined, outcomeListeners: new Set(), heartbeatListeners: new Set() };
    this.#open.set(token, entry);
    return {
      token,
      onOutcome: (listener) => {
        if (entry.outcome) listener(entry.outcome);
        else entry.outcomeListeners.add(listener);
        return () => entry.outcomeListeners.delete(listener);
      },
      onHeartbeat: (listener) => {
        entry.heartbeatListeners.add(listener);
        return () => entry.heartbeatListeners.delete(listener);
      },
      close: () => this.#open.delete(token),
    };
  }

  /** Ends the token's task; only the first outcome counts. */
  settle(token: string, outcome: TokenOutcome): TokenAnswer {
    const entry = this.#open.get(token);
    if (entry === undefined) return absence(token);
    entry.outcome = outcome;
    this.#open.delete(token);
    for (const listener of [...entry.outcomeListeners]) listener(outcome);
    return 'taken';
  }

  heartbeat(token: string): TokenAnswer {
    const entry = this.#open.get(token);
    if (entry === undefined) return absence(token);
    for (const listener of [...entry.heartbeatListeners]) listener();
    return 'taken';
  }
}

function absence(token: string): TokenAnswer {
  return token.startsWith(TOKEN_OPENING) ? 'closed' : 'unknown';
}
