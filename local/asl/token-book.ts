import { randomUUID } from 'node:crypto';
import type { OpenToken, TaskTokens, TokenOutcome } from './tasks.ts';

/** What the caller with a token finds: the task has ended, belongs to another region, or never was. */
export type TokenAnswer = 'taken' | 'closed' | 'foreign' | 'unknown';

interface Entry {
  outcome: TokenOutcome | undefined;
  readonly outcomeListeners: Set<(outcome: TokenOutcome) => void>;
  readonly heartbeatListeners: Set<() => void>;
}

/** Every token opens with this, so that one whose task has ended is told from nonsense. */
const TOKEN_OPENING = 'AQCEAAAAKgAAAAMAAAAA';
/** What follows the opening, in base64: the region, then what makes the token unguessable. */
const TOKEN_BODY = /^([a-z0-9-]+)\/[0-9a-f-]{36}\/[0-9a-f-]{36}$/;

/** The open task tokens of one region. */
export class TokenBook implements TaskTokens {
  readonly #region: string;
  readonly #open = new Map<string, Entry>();

  constructor(region: string) {
    this.#region = region;
  }

  open(): OpenToken {
    const body = Buffer.from(`${this.#region}/${randomUUID()}/${randomUUID()}`).toString('base64');
    const token = `${TOKEN_OPENING}${body}`;
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
    if (entry === undefined) return this.#absence(token);
    entry.outcome = outcome;
    this.#open.delete(token);
    for (const listener of [...entry.outcomeListeners]) listener(outcome);
    return 'taken';
  }

  heartbeat(token: string): TokenAnswer {
    const entry = this.#open.get(token);
    if (entry === undefined) return this.#absence(token);
    for (const listener of [...entry.heartbeatListeners]) listener();
    return 'taken';
  }

  #absence(token: string): TokenAnswer {
    if (!token.startsWith(TOKEN_OPENING)) return 'unknown';
    const body = Buffer.from(token.slice(TOKEN_OPENING.length), 'base64').toString();
    const region = TOKEN_BODY.exec(body)?.[1];
    if (region === undefined) return 'unknown';
    return region === this.#region ? 'closed' : 'foreign';
  }
}
