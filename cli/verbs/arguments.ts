import { CompanyId, MAX_BACKUP_DAYS, TaskId, type Topology } from '@tanker/contract/index.ts';
import { InvalidArgumentError } from 'commander';
import { usageMistake } from '../mistakes.ts';

const issueOf = (issues: readonly { message: string }[]): string => issues[0]?.message ?? '';

/** A task id, as commander parses arguments. */
export function taskArgument(text: string): string {
  const parsed = TaskId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`A task id is ${issueOf(parsed.error.issues)}.`);
}

export function companyArgument(text: string): string {
  const parsed = CompanyId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`A company id is ${issueOf(parsed.error.issues)}.`);
}

export const textArgument = (most: number) => (text: string) => {
  if (text.length >= 1 && text.length <= most) return text;
  throw new InvalidArgumentError(`1 to ${most} characters are allowed.`);
};

/** A whole number of days for which a backup is kept. */
export function daysArgument(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (days <= MAX_BACKUP_DAYS) return days;
  throw new InvalidArgumentError(`A whole number of days from 0 to ${MAX_BACKUP_DAYS} is allowed.`);
}

/**
 * The part of an input that says how long a backup is kept: nothing when nothing was said.
 *
 * @throws Mistake when the topology allows less, before anything is started
 */
export function checkKeepDays({ retention }: Topology, keepDays: number | undefined): { keepDays?: number } {
  if (keepDays === undefined) return {};
  if (keepDays <= retention.backupDays) return { keepDays };
  throw usageMistake(
    `The topology keeps backups for ${retention.backupDays} days at most (retention.backupDays), and --keep-days says ${keepDays}.`,
    `Name ${retention.backupDays} or fewer.`,
  );
}

/** For `--backup`: the newest one that can be restored. No task is called so: it would not be reached. */
export const LATEST = 'latest';

export interface Target {
  readonly datacenter: string;
  readonly server?: string;
}

/** `eu` or `eu/db1`. */
export function targetArgument(text: string): Target {
  const [, datacenter, server] = /^([a-z][a-z0-9-]*)(?:\/([a-z][a-z0-9-]*))?$/.exec(text) ?? [];
  if (datacenter === undefined) throw new InvalidArgumentError('DATACENTER or DATACENTER/SERVER is allowed.');
  return { datacenter, ...(server === undefined ? {} : { server }) };
}

export const targetText = ({ datacenter, server }: Target): string =>
  server === undefined ? datacenter : `${datacenter}/${server}`;

/** @throws Mistake when the topology has no such target, before anything is started */
export function checkTarget({ datacenters }: Topology, { datacenter, server }: Target): void {
  const found = datacenters.find(({ name }) => name === datacenter);
  if (!found) {
    const names = datacenters.map(({ name }) => name).join(', ');
    throw usageMistake(`The topology has no datacenter "${datacenter}".`, `Name one of ${names}.`);
  }
  if (server !== undefined && !found.servers.includes(server)) {
    throw usageMistake(
      `The datacenter ${datacenter} has no server "${server}".`,
      `Name one of ${found.servers.join(', ')}.`,
    );
  }
  if (server === undefined && found.servers.length > 1) {
    throw usageMistake(
      `The datacenter ${datacenter} has several servers, and none was named.`,
      `Name one: ${found.servers.map((name) => `${datacenter}/${name}`).join(', ')}.`,
    );
  }
}
