import { DOCUMENTS, type ServiceName } from './schema.ts';
import type { WriteKind } from './writer.ts';

/** What customers write to: a collection of the product's API, and the statements behind it. */
export interface ProductCollection {
  readonly service: ServiceName;
  readonly table: string;
  /** Columns and values of a new row; `$3` is the customer's text. */
  readonly columns: string;
  readonly values: string;
  /** The SET clause of an update; `$3` is the customer's text. */
  readonly set: string;
  /** The topic of the message that a new row puts into the service's outbox. */
  readonly topic?: string;
  /** What customers may do; a message that is on its way is only made. Default: everything. */
  readonly kinds?: readonly WriteKind[];
}

/** What customers may do with documents: what they wrote is in the document itself, so none of theirs is deleted. */
export const DOCUMENT_KINDS: readonly WriteKind[] = ['create', 'update'];

const ALL_KINDS: readonly WriteKind[] = ['create', 'update', 'delete'];

export const kindsOf = (collection: string): readonly WriteKind[] =>
  collection === DOCUMENTS ? DOCUMENT_KINDS : (PRODUCT_COLLECTIONS[collection]?.kinds ?? ALL_KINDS);

export const PRODUCT_COLLECTIONS: Readonly<Record<string, ProductCollection>> = {
  persons: {
    service: 'contacts',
    table: 'persons',
    columns: 'first_name, last_name, marketing_consent, labels, owner_id',
    values: `'Kim', $3, true, '{"web form"}', 7`,
    set: 'last_name = $3, updated_at = clock_timestamp()',
  },
  deals: {
    service: 'deals',
    table: 'deals',
    columns: 'pipeline_id, title, value, currency, stage, status, owner_id',
    values: `1, $3, 1200.50, 'EUR', 0, 'open', 7`,
    set: 'title = $3, stage = stage + 1',
    topic: 'deal-created',
  },
  activities: {
    service: 'activities',
    table: 'activities',
    columns: 'kind, subject, participants, done, owner_id',
    values: `'call', $3, '{}', false, 7`,
    set: 'subject = $3, done = true, done_at = clock_timestamp()',
  },
  messages: {
    service: 'mail',
    table: 'messages',
    columns: 'message_uuid, sender, recipients, subject, body, headers, size_bytes, seen',
    values: `gen_random_uuid(), 'kim@northwind.example', '{"customer@example.com"}', $3, $3, '{}', length($3), true`,
    set: 'subject = $3, seen = true',
    topic: 'send',
  },
  notes: {
    service: 'notes',
    table: 'notes',
    columns: 'entity, entity_id, body, pinned, author_id',
    values: `'deal', 1, $3, false, 7`,
    set: 'body = $3, updated_at = clock_timestamp()',
  },
  reminders: {
    service: 'reminders',
    table: 'queue',
    columns: 'topic, payload, deliver_at',
    // Half of them are due at once, for the job; the others wait for their hour.
    values: `'remind', jsonb_build_object('writeId', $2::text),
      clock_timestamp() + CASE WHEN hashtext($3::text) % 2 = 0 THEN interval '0.3 s' ELSE interval '1 hour' END`,
    set: 'topic = topic',
    kinds: ['create'],
  },
};

/** The row, its history and its message in one statement, so in one transaction. $1 company, $2 write id, $3 text. */
export function createSql({ service, table, columns, values, topic }: ProductCollection): string {
  const message = topic
    ? `, message AS (INSERT INTO ${service}.outbox (company_id, topic, payload, write_id)
         SELECT $1, '${topic}', jsonb_build_object('entity', id), $2 FROM made)`
    : '';
  return `WITH made AS (
      INSERT INTO ${service}.${table} (company_id, write_id, created_at, ${columns})
      VALUES ($1, $2, clock_timestamp(), ${values}) RETURNING id
    ), history AS (${historySql(service, table, 'create', 'made')})${message}
    SELECT id FROM made`;
}

/** $1 company, $2 write id, $3 text, $4 id. */
export const updateSql = ({ service, table, set }: ProductCollection): string =>
  `WITH changed AS (UPDATE ${service}.${table} SET ${set} WHERE company_id = $1 AND id = $4 RETURNING id),
   history AS (${historySql(service, table, 'update', 'changed')})
   SELECT id FROM changed`;

/** $1 company, $2 write id, $3 id. */
export const deleteSql = ({ service, table }: ProductCollection): string =>
  `WITH gone AS (DELETE FROM ${service}.${table} WHERE company_id = $1 AND id = $3 RETURNING id),
   history AS (${historySql(service, table, 'delete', 'gone')})
   SELECT id FROM gone`;

const historySql = (service: string, table: string, kind: string, source: string): string =>
  `INSERT INTO ${service}.changes (company_id, write_id, kind, entity, entity_id)
   SELECT $1, $2, '${kind}', '${table}', id FROM ${source}`;
