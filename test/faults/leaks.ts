import { keys, type Machine } from '@tanker/contract/index.ts';
import { CANARY } from './customers.ts';
import { LogReader, type MatrixStage } from './matrix-stage.ts';
import { historyOf, readRows, recoveriesOf } from './tasks.ts';
import type { Finding, Scene } from './verdict.ts';

const SAMPLE = 12;
/** Shorter texts stand in other texts by chance. */
const LONG_ENOUGH = 9;

/** Looks for the customers' own texts, and for bearer tokens, in whatever is written about tasks. */
export class LeakWatch {
  readonly #stage: MatrixStage;
  readonly #logs: LogReader;
  readonly #texts = new Set<string>();

  constructor(stage: MatrixStage) {
    this.#stage = stage;
    this.#logs = new LogReader(stage);
    for (const token of Object.values(stage.world.secrets)) this.#texts.add(token);
    this.#logs.news();
  }

  /** Learns texts of a company that has come into the world. */
  async learn(
    at: { readonly datacenter: 'us' | 'eu'; readonly server: string },
    company: string,
  ): Promise<void> {
    const client = await this.#stage.world.connect(at.datacenter, at.server);
    try {
      const { rows } = await client.query<{ text: string }>(
        `(SELECT email AS text FROM contacts.persons WHERE company_id = $1 AND email IS NOT NULL LIMIT ${SAMPLE})
         UNION ALL (SELECT body FROM notes.notes WHERE company_id = $1 LIMIT ${SAMPLE})
         UNION ALL (SELECT external_id::text FROM contacts.organizations WHERE company_id = $1 LIMIT ${SAMPLE})`,
        [company],
      );
      for (const { text } of rows) if (text.length >= LONG_ENOUGH) this.#texts.add(text);
    } finally {
      await client.end();
    }
  }

  /** The records of the task and its company, the histories of its executions, and all logs since the last look. */
  async look({ stage, task }: Scene): Promise<Finding[]> {
    const name = task.task;
    const machines: (readonly [Machine, string])[] = [
      [task.operation, name],
      ['plan', `${task.operation}-${name}`],
      ['slice', name],
      ...(await recoveriesOf(stage, name)).map((one) => ['recover', one.name] as const),
    ];
    const histories = await Promise.all(machines.map(([machine, of]) => historyOf(stage, machine, of)));
    const written: Readonly<Record<string, string>> = {
      records: JSON.stringify([
        await readRows(stage, { pk: keys.task(name).pk }),
        await readRows(stage, { pk: keys.claim(task.company).pk }),
      ]),
      histories: histories.join('\n'),
      logs: this.#logs.news(),
    };
    return Object.entries(written).flatMap(([where, text]) => {
      const found = [CANARY, ...this.#texts].filter((one) => text.includes(one));
      return found.length > 0
        ? [`P11: customer data or a token stands in ${where} (${found.length} texts)`]
        : [];
    });
  }
}
