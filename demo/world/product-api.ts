import { type Context, Hono } from 'hono';
import type { Pool } from 'pg';
import {
  createSql,
  deleteSql,
  PRODUCT_COLLECTIONS,
  type ProductCollection,
  updateSql,
} from './collections.ts';

/** The SQLSTATE with which a provider's guard refuses a write to a company that is closed. */
export const CLOSED_SQLSTATE = 'TK423';

export const RETRY_AFTER_SECONDS = 1;
const LIST_LIMIT = 50;

/** The client's own id of a write, under which its history can be found. */
export const WRITE_ID_HEADER = 'idempotency-key';

interface Row {
  readonly id: string;
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code;

/**
 * The product's API below `/c/{company}/{collection}`: list, create, update and delete. A write answers only after its
 * transaction is committed. `onMessage` is told that an outbox may have a new message.
 */
export function productApi(pool: Pool, onMessage: () => void): Hono {
  const collectionOf = (context: Context): ProductCollection | undefined =>
    PRODUCT_COLLECTIONS[context.req.param('collection') ?? ''];

  const write = async (context: Context, sql: string, values: unknown[], status: 200 | 201) => {
    const writeId = context.req.header(WRITE_ID_HEADER);
    if (!writeId) return context.json({ title: `The header ${WRITE_ID_HEADER} is missing.` }, 400);
    const { rows } = await pool.query<Row>(sql, [context.req.param('company'), writeId, ...values]);
    onMessage();
    if (!rows[0]) return context.json({ title: 'There is no such row.' }, 404);
    return context.json({ id: rows[0].id, writeId }, status);
  };
  const textOf = async (context: Context): Promise<string> =>
    String(((await context.req.json()) as { text?: unknown }).text ?? '');

  const app = new Hono();
  app.onError((error, context) => {
    if (codeOf(error) === CLOSED_SQLSTATE) {
      return context.json({ title: 'This company is being moved.' }, 423, {
        'retry-after': String(RETRY_AFTER_SECONDS),
      });
    }
    console.error(error);
    return context.json({ title: 'The service failed.' }, 500);
  });
  app.get('/c/:company/:collection', async (context) => {
    const collection = collectionOf(context);
    if (!collection) return context.notFound();
    const { rows } = await pool.query<Row>(
      `SELECT id FROM ${collection.service}.${collection.table} WHERE company_id = $1 ORDER BY id LIMIT ${LIST_LIMIT}`,
      [context.req.param('company')],
    );
    return context.json({ ids: rows.map((row) => row.id) });
  });
  app.post('/c/:company/:collection', async (context) => {
    const collection = collectionOf(context);
    if (!collection) return context.notFound();
    return write(context, createSql(collection), [await textOf(context)], 201);
  });
  app.patch('/c/:company/:collection/:id', async (context) => {
    const collection = collectionOf(context);
    if (!collection) return context.notFound();
    return write(context, updateSql(collection), [await textOf(context), context.req.param('id')], 200);
  });
  app.delete('/c/:company/:collection/:id', async (context) => {
    const collection = collectionOf(context);
    if (!collection) return context.notFound();
    return write(context, deleteSql(collection), [context.req.param('id')], 200);
  });
  return app;
}
