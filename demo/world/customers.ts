// Customers that write all the time, as a process: `node customers.ts CONFIG.json`. Every acknowledged write becomes a
// line of the journal before the next one is sent, so that what was acknowledged can be looked for afterwards.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runChild, type Service } from './child.ts';
import { kindsOf, PRODUCT_COLLECTIONS } from './collections.ts';
import { Random } from './random.ts';
import { DOCUMENTS } from './schema.ts';
import { sendWrite, type WriteOrder } from './writer.ts';

export interface CustomersConfig {
  readonly gateway: string;
  readonly companies: readonly string[];
  /** Of each company, over all its connections. */
  readonly writesPerSecond: number;
  /** Of each company; each sends one write after the other. */
  readonly connections: number;
  /** The JSONL file that acknowledged writes are appended to. */
  readonly journal: string;
  /** Makes the write ids of this run different from those of others. */
  readonly run: string;
}

export interface CustomerTotals {
  readonly acknowledged: number;
  readonly refusedWhileLocked: number;
  /** Writes whose outcome is unknown: no answer, or an error of a server. */
  readonly uncertain: number;
  /** Other refusals, by status; none is expected. */
  readonly refused: Readonly<Record<string, number>>;
  /** The longest time of a company without an acknowledged write between two that were. */
  readonly largestGapMs: number;
}

/** Customers press on while they are locked out, whatever Retry-After allows: the gap is then measured to 0.2 s. */
const RETRY_AFTER_CAP_MS = 200;
const PAUSE_AFTER_ERROR_MS = 100;
const REPORT_MS = 500;
/** Rows of its own that a connection remembers for updates and deletes. */
const REMEMBERED_ROWS = 20;

interface Remembered {
  readonly collection: string;
  readonly id: string;
}

class Tally {
  acknowledged = 0;
  refusedWhileLocked = 0;
  uncertain = 0;
  largestGapMs = 0;
  readonly refused: Record<string, number> = {};
  readonly #last = new Map<string, number>();

  acknowledge(company: string): void {
    const now = performance.now();
    this.largestGapMs = Math.max(this.largestGapMs, Math.round(now - (this.#last.get(company) ?? now)));
    this.#last.set(company, now);
    this.acknowledged += 1;
  }

  totals(): CustomerTotals {
    const { acknowledged, refusedWhileLocked, uncertain, refused, largestGapMs } = this;
    return { acknowledged, refusedWhileLocked, uncertain, refused: { ...refused }, largestGapMs };
  }
}

const COLLECTIONS = [...Object.keys(PRODUCT_COLLECTIONS), DOCUMENTS];

/** What a connection writes next: six of ten create, three update and one deletes a row that it made itself. */
function nextOrder(random: Random, own: Remembered[]): Pick<WriteOrder, 'collection' | 'kind' | 'id'> {
  const dice = random.below(10);
  if (dice < 6 || own.length === 0) return { collection: random.pick(COLLECTIONS), kind: 'create' };
  const oldest = own.findIndex(({ collection }) => kindsOf(collection).includes('delete'));
  if (dice < 9 || oldest === -1) return { ...random.pick(own), kind: 'update' };
  return { ...(own.splice(oldest, 1)[0] as Remembered), kind: 'delete' };
}

async function startCustomers(config: CustomersConfig): Promise<Service> {
  const tally = new Tally();
  const journal = openSync(config.journal, 'a');
  let stopped = false;
  const intervalMs = (1000 * config.connections) / config.writesPerSecond;

  const connection = async (company: string, number: number): Promise<void> => {
    const random = new Random(`${config.run}/${company}/${number}`);
    const own: Remembered[] = [];
    let due = performance.now() + random.below(Math.ceil(intervalMs));
    for (let count = 0; !stopped; count += 1) {
      await sleep(Math.max(0, due - performance.now()));
      if (stopped) return;
      const next = nextOrder(random, own);
      const writeId = `${config.run}-${company}-${number}-${count}`;
      const result = await sendWrite({ ...next, gateway: config.gateway, company, writeId });
      let pauseMs = intervalMs;
      switch (result.outcome) {
        case 'acknowledged':
          writeSync(journal, `${JSON.stringify(result.write)}\n`);
          tally.acknowledge(company);
          if (next.kind === 'create' && kindsOf(next.collection).includes('update'))
            own.push({ collection: next.collection, id: result.id });
          if (own.length > REMEMBERED_ROWS) own.shift();
          break;
        case 'locked':
          tally.refusedWhileLocked += 1;
          pauseMs = Math.min(result.retryAfterSeconds * 1000, RETRY_AFTER_CAP_MS);
          break;
        case 'uncertain':
          tally.uncertain += 1;
          pauseMs = PAUSE_AFTER_ERROR_MS;
          break;
        case 'refused':
          tally.refused[result.status] = (tally.refused[result.status] ?? 0) + 1;
      }
      due = Math.max(due + pauseMs, performance.now());
    }
  };

  const running = config.companies.flatMap((company) =>
    Array.from({ length: config.connections }, (_, number) => connection(company, number)),
  );
  const report = setInterval(() => process.send?.({ totals: tally.totals() }), REPORT_MS);
  return {
    ready: {},
    stop: async () => {
      stopped = true;
      clearInterval(report);
      await Promise.all(running);
      closeSync(journal);
      return { totals: tally.totals() };
    },
  };
}

await runChild(startCustomers);
