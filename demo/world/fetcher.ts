import type { HookContext, PostgresProviderConfig } from '@tanker/providers/postgres/index.ts';

/**
 * The process beside mail that fetches a company's messages from outside. It fetches for each company that has mail
 * here, unless the company stands in `halts`; `orders` is the list of what mail's hooks have told it. Both are in a
 * schema of their own and name the company in a column of their own name, so they are of no collection and nobody's
 * leftover: they hold the company's id and no data of it.
 */
export const FETCHER_SQL = `CREATE SCHEMA fetcher;
CREATE TABLE fetcher.halts (company text PRIMARY KEY, version bigint NOT NULL);
CREATE TABLE fetcher.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, company text NOT NULL, hook text NOT NULL,
  version bigint NOT NULL, given_at timestamptz NOT NULL DEFAULT clock_timestamp());`;

/** Under the placement version of the task, so that an undo takes back what that task has halted and nothing older. */
const HALT = `INSERT INTO fetcher.halts (company, version) VALUES ($1, $2)
  ON CONFLICT (company) DO UPDATE SET version = excluded.version`;
const RESUME = 'DELETE FROM fetcher.halts WHERE company = $1 AND version <= $2';
const TAKE_BACK = 'DELETE FROM fetcher.halts WHERE company = $1 AND version = $2';

/**
 * Before its messages are copied, and where they arrive before they are home, nothing is fetched for a company. It is
 * again when the company has come to live there, or has stayed at home.
 */
const EFFECTS = {
  'before-export': HALT,
  'after-import': HALT,
  'after-migrate': RESUME,
  'after-restore': RESUME,
  'after-remove': RESUME,
  'after-undo': TAKE_BACK,
} as const;

const tell =
  (hook: string, effect: string) =>
  async ({ client, company, version }: HookContext): Promise<void> => {
    await client.query(effect, [company, version]);
    await client.query('INSERT INTO fetcher.orders (company, hook, version) VALUES ($1, $2, $3)', [
      company,
      hook,
      version,
    ]);
  };

export const FETCHER_HOOKS: NonNullable<PostgresProviderConfig['hooks']> = Object.fromEntries(
  Object.entries(EFFECTS).map(([hook, effect]) => [hook, tell(hook, effect)]),
);
