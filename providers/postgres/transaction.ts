import { TankerError } from '@tanker/contract/index.ts';
import type { ClientBase, Pool, PoolClient } from 'pg';
import { companyClosed, placeOf } from '../refusals.ts';
import type { Site } from './site.ts';

/**
 * What COPY, digests and promises rest on, whatever the role or the database sets: text forms, no row that RLS hides,
 * no end of a transaction but its own, and what is answered is durable.
 */
const SETTINGS = `
  SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';
  SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off;
  SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
  SET LOCAL synchronous_commit = on;`;

/** Tanker's own changes pass the closing that they themselves have made. */
export const BEGIN_WORK = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${SETTINGS} SET LOCAL tanker.worker = 'on';`;
/** Hooks are the provider's code: for them the closing holds and changes count. */
export const BEGIN_HOOK = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${SETTINGS}`;
/** One consistent view of everything; with a snapshot's id, the very view that another connection holds. */
export const beginSnapshot = (snapshot?: string): string =>
  `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  ${snapshot === undefined ? '' : `SET TRANSACTION SNAPSHOT '${snapshot}';`} ${SETTINGS}`;

/** SQLSTATE of the closing, raised by the guard triggers; its detail is the company. */
export const CLOSED_STATE = 'TK423';

/** invalid_text_representation and numeric_value_out_of_range: what casts of an unfit id raise. */
const UNFIT_STATES = ['22P02', '22003'];

export const sqlState = (error: unknown): string | undefined =>
  error instanceof Error ? (error as { code?: string }).code : undefined;

/** The backend of a client; `pg` keeps it though its types don't say so. */
const backendOf = (client: ClientBase): number => (client as unknown as { processID: number }).processID;

/** A connection of the pool. Whoever is aborted while all of them are taken waits no longer. */
export function poolClient(pool: Pool, signal: AbortSignal): Promise<PoolClient> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<PoolClient>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const settle = (client: PoolClient) => (signal.aborted ? client.release() : resolve(client));
  void pool
    .connect()
    .then(settle, reject)
    .finally(() => signal.removeEventListener('abort', stop));
  return promise;
}

/**
 * Runs work in a transaction and commits it. When the signal is aborted the backend is ended, so that its locks are
 * free at once, the transaction is rolled back, and the signal's reason is thrown.
 */
export async function transaction<T>(
  site: Site,
  begin: string,
  signal: AbortSignal,
  work: (client: PoolClient) => Promise<T>,
  pool: Pool = site.pool,
): Promise<T> {
  const client = await poolClient(pool, signal);
  const stop = () => void endBackend(site, client);
  signal.addEventListener('abort', stop, { once: true });
  // A client that dies between two queries says so here; the query that follows fails.
  const onError = () => undefined;
  client.on('error', onError);
  let broken = false;
  try {
    await client.query(begin);
    const result = await work(client);
    signal.throwIfAborted();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    broken = signal.aborted || (await client.query('ROLLBACK').then(isFine, isBroken));
    throw signal.aborted ? signal.reason : named(site, error);
  } finally {
    signal.removeEventListener('abort', stop);
    client.off('error', onError);
    client.release(broken || signal.aborted);
  }
}

const isFine = () => false;
const isBroken = () => true;

/** Ends a connection's backend and with it what it was doing. */
export async function endBackend(site: Site, client: ClientBase): Promise<void> {
  await site.control.query('SELECT pg_terminate_backend($1)', [backendOf(client)]).catch(() => undefined);
}

function named(site: Site, error: unknown): unknown {
  const state = sqlState(error);
  if (state === undefined) return error;
  const { detail, message } = error as { detail?: string; message: string };
  if (state === CLOSED_STATE) return companyClosed(detail, `at ${placeOf(site)}`, { cause: error });
  if (UNFIT_STATES.includes(state)) {
    return new TankerError(
      'RequestInvalid',
      {
        what: `${placeOf(site)} was given a value that is no ${demandedType(message) ?? 'value of its type there'}: most often that is the company id.`,
        now: 'Nothing was changed.',
        next: 'Use ids as the store writes them.',
      },
      { cause: error },
    );
  }
  return error;
}

/** The type that a server of English messages names; never the value, which they quote too. */
const demandedType = (message: string): string | undefined =>
  (/^invalid input (?:syntax for type|value for enum) ([^:"]+)/.exec(message) ??
    /^value ".*" is out of range for type (.+)$/s.exec(message) ??
    /^(\w+) out of range$/.exec(message))?.[1];
