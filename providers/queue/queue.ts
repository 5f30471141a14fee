import type { Pool, PoolClient } from 'pg';
import { escapeIdentifier } from 'pg';
import { quoteTable } from '../postgres/site.ts';
import { CLOSED_STATE, sqlState } from '../postgres/transaction.ts';
import { companyClosed } from '../refusals.ts';

/** A queue as a table: a row is a message, and it is gone when its consumer has worked it off. */
export interface QueueTable {
  /** `schema.table` */
  readonly table: string;
  readonly companyColumn: string;
}

export interface Message {
  readonly id: string;
  readonly topic: string;
  readonly payload: unknown;
  readonly deliverAt: Date;
}

/** The table's DDL; its schema is there already. Ids are unique across servers, so that messages can move. */
export const queueSql = ({ table, companyColumn }: QueueTable): string => {
  const company = escapeIdentifier(companyColumn);
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(), ${company} text NOT NULL, topic text NOT NULL,
      payload jsonb NOT NULL, deliver_at timestamptz NOT NULL DEFAULT clock_timestamp());
    CREATE INDEX IF NOT EXISTS ${escapeIdentifier(`${table.split('.')[1]}_due`)} ON ${quoteTable(table)} (${company}, deliver_at)`;
};

/** Queues a message. Throws CompanyClosed while the company is closed here. */
export async function publishMessage(
  client: Pool | PoolClient,
  { table, companyColumn }: QueueTable,
  company: string,
  message: Omit<Message, 'id'>,
): Promise<void> {
  try {
    await client.query(
      `INSERT INTO ${quoteTable(table)} (${escapeIdentifier(companyColumn)}, topic, payload, deliver_at)
        VALUES ($1, $2, $3, $4)`,
      [company, message.topic, JSON.stringify(message.payload), message.deliverAt],
    );
  } catch (error) {
    throw sqlState(error) === CLOSED_STATE ? companyClosed(company, 'here', { cause: error }) : error;
  }
}

/** What became of a look into the queue. `retry-later`: the company is closed here; its messages stay as they are. */
export type Consumed =
  | { readonly outcome: 'worked-off'; readonly messages: number }
  | { readonly outcome: 'retry-later' };

/**
 * Works off due messages of one company, at most `limit`, in one transaction with what the consumer does through the
 * client: both happen, or the messages stay. Messages that another consumer holds are passed over. A transaction for
 * each company keeps one that is closed from holding up the others.
 */
export async function consumeDue(
  pool: Pool,
  { table, companyColumn }: QueueTable,
  company: string,
  limit: number,
  consumer: (client: PoolClient, messages: readonly Message[]) => Promise<void>,
): Promise<Consumed> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<Message>(
      `DELETE FROM ${quoteTable(table)} WHERE ${escapeIdentifier(companyColumn)} = $1 AND id IN (
          SELECT id FROM ${quoteTable(table)} WHERE ${escapeIdentifier(companyColumn)} = $1 AND deliver_at <= now()
          ORDER BY deliver_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING id, topic, payload, deliver_at AS "deliverAt"`,
      [company, limit],
    );
    const byDueTime = (a: Message, b: Message) => a.deliverAt.getTime() - b.deliverAt.getTime();
    if (rows.length > 0) await consumer(client, rows.toSorted(byDueTime));
    await client.query('COMMIT');
    return { outcome: 'worked-off', messages: rows.length };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    if (sqlState(error) === CLOSED_STATE) return { outcome: 'retry-later' };
    throw error;
  } finally {
    client.release(broken);
  }
}
