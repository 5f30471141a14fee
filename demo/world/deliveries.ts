import { consumeDue } from '@tanker/providers/queue/index.ts';
import type { Pool } from 'pg';
import { CLOSED_SQLSTATE } from './product-api.ts';
import { OUTBOXES, QUEUE } from './schema.ts';

/** Messages are gathered for this long after a wake, so that one transaction delivers several. */
const GATHER_MS = 5;
/** Looks without a wake find what a restart or a closed company left behind. */
const LOOK_MS = 250;
const BATCH = 100;

export interface Deliveries {
  /** Says that there may be a new message. */
  wake(): void;
  stop(): Promise<void>;
}

/**
 * The job that works off the outboxes and due reminders of a server: a message is delivered when its record and its mark are
 * committed together. Each company has a transaction of its own, so that a company which is closed while it moves
 * keeps its messages pending, is tried again later, and holds up no other.
 */
export function startDeliveries(pool: Pool): Deliveries {
  let timer: NodeJS.Timeout | undefined;
  let gathering = false;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  const schedule = (delay: number) => {
    clearTimeout(timer);
    gathering = delay === GATHER_MS;
    if (!stopped) timer = setTimeout(run, delay);
  };
  const run = () => {
    gathering = false;
    running = deliverAll(pool).catch((error) => {
      if (!stopped) console.error(error);
    });
    void running.then(() => {
      if (!gathering) schedule(LOOK_MS);
    });
  };
  schedule(LOOK_MS);
  return {
    wake: () => {
      if (!gathering) schedule(GATHER_MS);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function deliverAll(pool: Pool): Promise<void> {
  for (const [service, record] of Object.entries(OUTBOXES)) {
    const { rows } = await pool.query<{ company_id: string }>(
      `SELECT DISTINCT company_id FROM ${service}.outbox WHERE delivered_at IS NULL`,
    );
    for (const { company_id } of rows) await deliver(pool, service, record, company_id);
  }
  const { rows } = await pool.query<{ company_id: string }>(
    `SELECT DISTINCT company_id FROM ${QUEUE.table} WHERE deliver_at <= now()`,
  );
  for (const { company_id } of rows) await remind(pool, company_id);
}

/** Of a company that is closed nothing is taken: its reminders are tried again at the next look. */
async function remind(pool: Pool, company: string): Promise<void> {
  await consumeDue(pool, QUEUE, company, BATCH, async (client, messages) => {
    for (const { id, topic, payload } of messages) {
      await client.query(
        `INSERT INTO reminders.deliveries (company_id, outbox_id, topic, write_id) VALUES ($1, $2, $3, $4)`,
        [company, id, topic, (payload as { writeId?: string }).writeId],
      );
    }
  });
}

async function deliver(pool: Pool, service: string, record: string, company: string): Promise<void> {
  try {
    await pool.query(
      `WITH due AS (
         SELECT id FROM ${service}.outbox WHERE company_id = $1 AND delivered_at IS NULL
         ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
       ), done AS (
         UPDATE ${service}.outbox AS o SET delivered_at = clock_timestamp() FROM due
         WHERE o.company_id = $1 AND o.id = due.id RETURNING o.id, o.topic, o.write_id
       )
       INSERT INTO ${service}.${record} (company_id, outbox_id, topic, write_id)
       SELECT $1, id, topic, write_id FROM done`,
      [company],
    );
  } catch (error) {
    if ((error as { code?: string }).code !== CLOSED_SQLSTATE) throw error;
  }
}
