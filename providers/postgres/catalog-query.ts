/** A column of an asked table as the catalog has it; a table without columns, or with a problem, has one row too. */
export interface CatalogRow {
  place: string;
  problem: string | null;
  name: string | null;
  type: string;
  base: string;
  array: boolean;
  required: boolean;
  /** Whether its collation takes only equal octets for equal. */
  exact: boolean;
  sequences: string[];
}

/**
 * A type by its name and modifiers, the same whatever search path role or database set: with its schema, unless that
 * is PostgreSQL's own or `public`.
 */
const TYPE_SQL = `
  CASE WHEN n.nspname = 'pg_catalog' THEN format_type(a.atttypid, a.atttypmod)
    ELSE CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END
      || quote_ident(coalesce(e.typname, t.typname)) || CASE WHEN e.oid IS NULL THEN '' ELSE '[]' END END`;

/** Sequences that the column's default draws from, owned by the column or not; an identity column owns its own. */
const SEQUENCES_SQL = `
  CASE WHEN a.atthasdef OR a.attidentity <> '' THEN ARRAY(
    SELECT quote_ident(sn.nspname) || '.' || quote_ident(s.relname)
    FROM (SELECT d.objid AS rel FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
      UNION SELECT d.refobjid FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
        WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum AND d.refclassid = 'pg_class'::regclass) x
    JOIN pg_class s ON s.oid = x.rel AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace)
  ELSE '{}' END`;

/**
 * One row per column. A domain stands for its base type. Partitions and children are refused, because a statement
 * that names one of them passes its parent's statement triggers by.
 */
export const CATALOG_QUERY = `
  WITH RECURSIVE asked AS (SELECT place, to_regclass(place_sql) AS rel FROM unnest($1::text[], $2::text[]) u(place, place_sql)),
  resolved(start, type) AS (
    SELECT DISTINCT a.atttypid, a.atttypid FROM asked JOIN pg_attribute a ON a.attrelid = asked.rel WHERE a.attnum > 0
    UNION
    SELECT r.start, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END
    FROM resolved r JOIN pg_type t ON t.oid = r.type
    WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)),
  bases AS (
    SELECT r.start, bool_or(t.typcategory = 'A' AND t.typelem <> 0) AS array,
      max(CASE WHEN t.typtype = 'e' THEN 'enum' WHEN t.typname IN ('citext') OR n.nspname = 'pg_catalog' THEN t.typname
        ELSE n.nspname || '.' || t.typname END)
        FILTER (WHERE t.typtype <> 'd' AND NOT (t.typcategory = 'A' AND t.typelem <> 0)) AS base
    FROM resolved r JOIN pg_type t ON t.oid = r.type JOIN pg_namespace n ON n.oid = t.typnamespace GROUP BY 1)
  SELECT asked.place, a.attname AS name, ${TYPE_SQL} AS type, b.base, b.array,
    (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL AS required,
    coalesce((SELECT o.collisdeterministic FROM pg_collation o WHERE o.oid = a.attcollation), true) AS exact,
    ${SEQUENCES_SQL} AS sequences,
    CASE WHEN asked.rel IS NULL THEN 'does not exist'
      WHEN c.relkind <> 'r' OR c.relispartition THEN 'is not an ordinary table'
      WHEN EXISTS (SELECT FROM pg_inherits i WHERE asked.rel IN (i.inhparent, i.inhrelid)) THEN 'takes part in inheritance'
      WHEN $3 AND (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = asked.rel AND g.tgenabled = 'A'
        AND starts_with(g.tgname, 'tanker_')) < 4 THEN 'lacks its closing triggers'
    END AS problem
  FROM asked LEFT JOIN pg_class c ON c.oid = asked.rel
    LEFT JOIN pg_attribute a ON a.attrelid = asked.rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    LEFT JOIN bases b ON b.start = a.atttypid
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
    LEFT JOIN pg_namespace n ON n.oid = coalesce(e.typnamespace, t.typnamespace)
  ORDER BY a.attnum`;
