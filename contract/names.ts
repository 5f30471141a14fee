import { z } from 'zod';

/** Company (tenant) id, as the gateway and the providers know it. It stands in URLs, object keys and record keys. */
export const CompanyId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
    '1 to 63 letters, digits, "-" or "_", starting with a letter or digit',
  )
  .meta({ id: 'CompanyId', example: 'acme' });

/**
 * Task id = execution name of the operation's state machine. 48 characters, because a recovery's execution name is
 * `recover-<task>-<20 characters>` and Step Functions allows 80 (8 + 48 + 1 + 20 = 77).
 */
export const TaskId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,47}$/,
    '1 to 48 lower-case letters, digits or "-", starting with a letter or digit',
  )
  .meta({ id: 'TaskId', example: 'move-acme-1' });

const shortName = (what: string) =>
  z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,23}$/,
      `a ${what} name: 1 to 24 lower-case letters, digits or "-", starting with a letter`,
    );

export const ProviderName = shortName('provider').meta({ id: 'ProviderName', example: 'contacts' });
export const DatacenterName = shortName('datacenter').meta({ id: 'DatacenterName', example: 'eu' });
export const ServerName = shortName('server').meta({ id: 'ServerName', example: 'db1' });

/** Where a company's data lives: a server (database cluster) of a datacenter. The unit of home, erase and fence. */
export const Location = z
  .object({ datacenter: DatacenterName, server: ServerName })
  .strict()
  .meta({ id: 'Location' });
export type Location = z.infer<typeof Location>;

/** `eu/db1`: a location as people and keys write it. */
export const formatLocation = (location: Location): string => `${location.datacenter}/${location.server}`;

export const sameLocation = (a: Location, b: Location): boolean =>
  a.datacenter === b.datacenter && a.server === b.server;

/** A number per company that only grows; the fence against workers of the past. */
export const Epoch = z.int().min(0).meta({ id: 'Epoch' });

/** Who holds an epoch: `<task>/<execution name>`. Two holders never share an epoch. */
export const Holder = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}\/[A-Za-z0-9_-]{1,80}$/, '<task>/<execution name>')
  .meta({ id: 'Holder', example: 'move-acme-1/move-acme-1' });

export const formatHolder = (task: string, execution: string): string => `${task}/${execution}`;

/** An instant in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const Instant = z.iso
  .datetime({ precision: 3 })
  .meta({ id: 'Instant', example: '2026-01-31T12:00:00.000Z' });

/** SHA-256 in lower-case hexadecimal. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits')
  .meta({ id: 'Sha256' });

/** Counts of rows and bytes: never negative, never beyond what a JSON number holds exactly. */
export const Count = z.int().min(0).meta({ id: 'Count' });
