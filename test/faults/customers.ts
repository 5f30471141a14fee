import { setTimeout as sleep } from 'node:timers/promises';
import { sendWrite, type WriteOutcome } from '../../demo/world/writer.ts';

/** Stands in every write's id and text: whatever record, history or log it is found in has customer data. */
export const CANARY = 'canary-';

const PAUSE_MS = 300;

/** What the customers of one company were told. */
export interface Told {
  /** Every write that was sent, whatever became of it. */
  readonly sent: ReadonlySet<string>;
  readonly acknowledged: ReadonlySet<string>;
  /** Of them, new deals: each sends a message. */
  readonly deals: ReadonlySet<string>;
  /** Writes whose end nobody knows. */
  readonly uncertain: readonly string[];
  /** Longest time from a first refusal by the lock to the next acknowledgement, in milliseconds. */
  readonly longestLockMs: number;
}

export interface Customers {
  /** Waits for the answer of one write, past the loop. */
  write(collection: 'notes' | 'deals'): Promise<WriteOutcome>;
  told(): Told;
  stop(): Promise<Told>;
}

/** Customers of one company who write all the time, through the gateway as it is. */
export function startCustomers(gateway: string, company: string, run: string): Customers {
  const sent = new Set<string>();
  const acknowledged = new Set<string>();
  const deals = new Set<string>();
  const uncertain: string[] = [];
  let lockedSince: number | undefined;
  let longestLockMs = 0;
  const ended = new AbortController();

  const write = async (collection: 'notes' | 'deals'): Promise<WriteOutcome> => {
    const writeId = `${CANARY}${company}-${run}-${sent.size + 1}`;
    sent.add(writeId);
    const answer = await sendWrite({ gateway, company, collection, kind: 'create', writeId });
    if (answer.outcome === 'uncertain') uncertain.push(`${writeId} (${answer.reason})`);
    if (answer.outcome === 'locked') lockedSince ??= Date.now();
    if (answer.outcome === 'acknowledged') {
      acknowledged.add(writeId);
      if (collection === 'deals') deals.add(writeId);
      if (lockedSince !== undefined) longestLockMs = Math.max(longestLockMs, Date.now() - lockedSince);
      lockedSince = undefined;
    }
    return answer;
  };
  const loop = async () => {
    while (!ended.signal.aborted) {
      await write('notes');
      await sleep(PAUSE_MS, undefined, { signal: ended.signal }).catch(() => {});
    }
  };
  const looping = loop();
  const told = (): Told => ({ sent, acknowledged, deals, uncertain, longestLockMs });
  return {
    write,
    told,
    async stop() {
      ended.abort();
      await looping;
      return told();
    },
  };
}
