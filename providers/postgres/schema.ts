import { jsonSql } from './canonical.ts';

/** Tanker's own tables and functions beside a provider's. `s` is the quoted name of their schema. */
export const schemaSql = (s: string): string => `
CREATE SCHEMA IF NOT EXISTS ${s};

CREATE TABLE IF NOT EXISTS ${s}.store (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO ${s}.store DEFAULT VALUES ON CONFLICT DO NOTHING;

-- One row per company; it outlives an erase, because epochs and change counts only grow.
CREATE TABLE IF NOT EXISTS ${s}.fence (
  company text PRIMARY KEY,
  epoch bigint NOT NULL DEFAULT 0,
  holder text,
  sealed_epoch bigint,
  closed_epoch bigint,
  closed_grant bigint,
  export_session text,
  import_session text,
  changes bigint NOT NULL DEFAULT 0,
  ended_epoch bigint,
  ended_grant bigint
);
-- The closing that the last import ended: an erase puts it back.
${addColumnSql(s, 'fence', 'ended_epoch', 'bigint')}
${addColumnSql(s, 'fence', 'ended_grant', 'bigint')}

-- Change counts not yet folded into the fence: a writer takes any row that nobody else holds.
CREATE TABLE IF NOT EXISTS ${s}.changes (
  shard bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  company text NOT NULL,
  n bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS changes_company ON ${s}.changes (company);

CREATE TABLE IF NOT EXISTS ${s}.imports (
  session text PRIMARY KEY,
  company text NOT NULL,
  manifest jsonb NOT NULL,
  published jsonb,
  epoch bigint,
  holder text
);
${addColumnSql(s, 'imports', 'epoch', 'bigint')}
${addColumnSql(s, 'imports', 'holder', 'text')}
CREATE INDEX IF NOT EXISTS imports_company ON ${s}.imports (company);
CREATE TABLE IF NOT EXISTS ${s}.import_parts (
  session text NOT NULL REFERENCES ${s}.imports ON DELETE CASCADE,
  part integer NOT NULL,
  collection text NOT NULL,
  staging text NOT NULL,
  rows bigint NOT NULL DEFAULT 0,
  receipt jsonb,
  columns jsonb,
  PRIMARY KEY (session, part)
);
${addColumnSql(s, 'import_parts', 'columns', 'jsonb')}

-- By collection the columns that a company's rows had when they were exported from here or published here last.
CREATE TABLE IF NOT EXISTS ${s}.slices (
  company text PRIMARY KEY,
  columns jsonb NOT NULL
);
CREATE TABLE IF NOT EXISTS ${s}.hook_keys (
  company text NOT NULL,
  key text NOT NULL,
  hook text NOT NULL,
  ran_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company, key)
);
${incarnationSql(s)}
${guardSql(s)}
${canonicalFunctionsSql(s)}`;

/** A column of a later version, for a table that an earlier one made. Without need no lock is asked for. */
const addColumnSql = (s: string, table: string, column: string, type: string): string => `
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '${s}.${table}'::regclass AND attname = '${column}') THEN
    ALTER TABLE ${s}.${table} ADD COLUMN ${column} ${type};
  END IF;
END $$;`;

/**
 * The incarnation: the cluster and its timeline (another after point-in-time recovery or a promotion), the database
 * and the fence table (others after a dump was loaded), and a stored id. A restore that copies files without a new
 * timeline, such as a volume snapshot started as it was, shows none of these: then the operator calls
 * `renew_incarnation()` before the provider serves again.
 */
const incarnationSql = (s: string): string => `
CREATE OR REPLACE FUNCTION ${s}.incarnation() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT left(encode(sha256(convert_to(concat_ws('/',
    (SELECT system_identifier FROM pg_catalog.pg_control_system()),
    left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8),
    (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()),
    '${s}.fence'::regclass::oid,
    (SELECT id FROM ${s}.store)), 'UTF8')), 'hex'), 32)
$$;
CREATE OR REPLACE FUNCTION ${s}.renew_incarnation() RETURNS text LANGUAGE sql AS $$
  UPDATE ${s}.store SET id = gen_random_uuid();
  SELECT ${s}.incarnation();
$$;`;

/**
 * What every change of a guarded table passes. The writer holds its company's fence row FOR KEY SHARE until its
 * transaction ends: it waits for nobody but a closing, an erase or a publish of that very company, and a closing can
 * wait for it. Counting never waits: a row that another writer holds is skipped. Under repeatable read an existing
 * row may have changed since the snapshot, so there a new one is always added.
 */
const guardSql = (s: string): string => `
CREATE OR REPLACE FUNCTION ${s}.note_change(changed text, amount bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  is_closed boolean;
  free bigint;
BEGIN
  SELECT f.closed_epoch IS NOT NULL INTO is_closed FROM ${s}.fence f WHERE f.company = changed FOR KEY SHARE;
  IF NOT FOUND THEN
    INSERT INTO ${s}.fence (company) VALUES (changed) ON CONFLICT DO NOTHING;
    SELECT f.closed_epoch IS NOT NULL INTO is_closed FROM ${s}.fence f WHERE f.company = changed FOR KEY SHARE;
  END IF;
  IF is_closed THEN
    RAISE EXCEPTION 'CompanyClosed: the company is being moved and is closed to every writer here. Try again later.'
      USING ERRCODE = 'TK423', DETAIL = changed;
  END IF;
  IF current_setting('transaction_isolation') = 'read committed' THEN
    SELECT c.shard INTO free FROM ${s}.changes c WHERE c.company = changed LIMIT 1 FOR UPDATE SKIP LOCKED;
  END IF;
  IF free IS NULL THEN
    INSERT INTO ${s}.changes (company, n) VALUES (changed, amount);
  ELSE
    UPDATE ${s}.changes SET n = n + amount WHERE shard = free;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION ${s}.guard_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM ${s}.note_change(f.company, 1) FROM (SELECT company FROM ${s}.fence ORDER BY company) f;
  RETURN NULL;
END $$;

-- The sum that watermarks are made of: it grows with every committed change, and stands still while closed.
CREATE OR REPLACE FUNCTION ${s}.watermark(asked text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT (coalesce((SELECT f.changes FROM ${s}.fence f WHERE f.company = asked), 0)
    + coalesce((SELECT sum(c.n) FROM ${s}.changes c WHERE c.company = asked), 0))::text
$$;
-- Many rows become one; those that writers hold stay. It touches no fence row and waits for nobody.
CREATE OR REPLACE FUNCTION ${s}.join_changes(asked text) RETURNS void LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM ${s}.changes c
    WHERE c.shard IN (SELECT f.shard FROM ${s}.changes f WHERE f.company = asked FOR UPDATE SKIP LOCKED) RETURNING c.n)
  INSERT INTO ${s}.changes (company, n) SELECT asked, sum(n) FROM gone HAVING count(*) > 0
$$;
-- Called with the fence row locked.
CREATE OR REPLACE FUNCTION ${s}.fold_changes(asked text) RETURNS void LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM ${s}.changes c WHERE c.company = asked RETURNING c.n)
  UPDATE ${s}.fence f SET changes = f.changes + (SELECT coalesce(sum(n), 0) FROM gone) WHERE f.company = asked
$$;`;

const canonicalFunctionsSql = (s: string): string => `
CREATE OR REPLACE FUNCTION ${s}.canonical_unusual(v timestamp, rest text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE
    WHEN v = 'infinity' THEN 'infinity'
    WHEN v = '-infinity' THEN '-infinity'
    ELSE (SELECT CASE WHEN year < 0 THEN '-' ELSE '' END || lpad(abs(year)::text, 4, '0')
      FROM (SELECT extract(year FROM v)::int + CASE WHEN extract(year FROM v) < 0 THEN 1 ELSE 0 END AS year) y)
      || to_char(v, '-MM-DD' || rest)
  END
$$;

CREATE OR REPLACE FUNCTION ${s}.canonical_json(v jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN ${jsonSql('v', s)};
END $$;

-- Null where a string holds U+0000 or half a surrogate pair, or a number is beyond numeric's range.
CREATE OR REPLACE FUNCTION ${s}.as_jsonb(v json) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN v::jsonb;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

-- An array of several dimensions is an array of arrays: groups are folded from the innermost dimension outwards.
CREATE OR REPLACE FUNCTION ${s}.canonical_array(elements text[], sizes int[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  size int;
BEGIN
  FOR dimension IN REVERSE coalesce(cardinality(sizes), 0)..2 LOOP
    size := sizes[dimension];
    elements := ARRAY(
      SELECT 'a' || string_agg(octet_length(u.e) || ':' || u.e, '' ORDER BY u.o)
      FROM unnest(elements) WITH ORDINALITY u(e, o) GROUP BY (u.o - 1) / size ORDER BY (u.o - 1) / size);
  END LOOP;
  RETURN 'a' || coalesce((SELECT string_agg(octet_length(u.e) || ':' || u.e, '' ORDER BY u.o)
    FROM unnest(elements) WITH ORDINALITY u(e, o)), '');
END $$;
`;

/** The trigger functions of one table. The transition tables hold what the statement changed, all companies of it. */
export const guardFunctionsSql = (s: string, guard: string, companyColumn: string): string => {
  const body = (rows: string) => `
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF current_setting('tanker.worker', true) = 'on' THEN RETURN NULL; END IF;
  PERFORM ${s}.note_change(x.company, x.amount)
    FROM (SELECT r.company, count(*) AS amount FROM (${rows}) r WHERE r.company IS NOT NULL GROUP BY 1 ORDER BY 1) x;
  RETURN NULL;
END $$;`;
  const of = (table: string) => `SELECT ${companyColumn}::text AS company FROM ${table}`;
  return `
CREATE OR REPLACE FUNCTION ${s}.${guard}_one() RETURNS trigger ${body(of('changed'))}
CREATE OR REPLACE FUNCTION ${s}.${guard}_both() RETURNS trigger ${body(`${of('before')} UNION ALL ${of('changed')}`)}`;
};

/** The four triggers by which a table is guarded: name, events and transition tables, function. */
export const guardTriggers = (s: string, guard: string) =>
  [
    ['tanker_insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS changed', `${s}.${guard}_one()`],
    ['tanker_delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS changed', `${s}.${guard}_one()`],
    [
      'tanker_update',
      'AFTER UPDATE',
      'REFERENCING OLD TABLE AS before NEW TABLE AS changed',
      `${s}.${guard}_both()`,
    ],
    ['tanker_truncate', 'BEFORE TRUNCATE', '', `${s}.guard_truncate()`],
  ] as const;
