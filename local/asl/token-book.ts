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
/** What follows the opening, in base64: the state machine's ARN, then what makes the token unguessable. */
const TOKEN_BODY = /^(arn:aws:states:([a-z0-9-]+):\d*:stateMachine:\S+)\|[0-9a-f-]{36}$/;

/** The state machine that gave a token out, and its region; undefined for nonsense. */
export function originOf(
  token: string,
): { readonly stateMachineArn: string; readonly region: string } | undefined {
  if (!token.startsWith(TOKEN_OPENING)) return undefined;
  const body = Buffer.from(token.slice(TOKEN_OPENING.length), 'base64').toString();
  const [, stateMachineArn, region] = TOKEN_BODY.exec(body) ?? [];
  return stateMachineArn === undefined || region === undefined ? undefined : { stateMachineArn, region };
}

/** The open task tokens of one region. */
export class TokenBook {
  readonly #region: string;
  readonly #open = new Map<string, Entry>();

  constructor(region: string) {
    this.#region = region;
  }

  /** The tokens of one state machine's executions. */
  of(stateMachineArn: string): TaskTokens {
    return { open: () => this.#openFor(stateMachineArn) };
  }

  #openFor(stateMachineArn: string): OpenToken {
    const body = Buffer.from(`${stateMachineArn}|${randomUUID()}`).toString('base64');
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
    const origin = originOf(token);
    if (origin === undefined) return 'unknown';
    return origin.region === this.#region ? 'closed' : 'foreign';
  }
}
