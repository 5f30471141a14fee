import { execFile, spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { locatePostgres } from './postgres-binaries.ts';

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `postgres://postgres@127.0.0.1:<port>/postgres` */
  readonly connectionString: string;
  /** Stops the server and removes its data unless the caller had named the directory. May be called twice. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Where the data lies. It must be reachable for the server's user. Default: a new directory in the system's. */
  readonly directory?: string;
  /** Default: any free port. */
  readonly port?: number;
}

const HOST = '127.0.0.1';
const USER = 'postgres';
/** A start takes 40 ms on a quiet machine; the rest is for busy ones. */
const START_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 10;

/**
 * The server lives as long as this script's standard input, which is a pipe from the parent: when the parent dies,
 * however it dies, `read` returns and the server is stopped
 * and its temporary directory removed.
 */
const KEEPER =
  '"$@" </dev/null >>"$LOG" 2>&1 & server=$!; read -r _; kill -INT $server; wait $server; [ -z "$REMOVE" ] || rm -rf "$REMOVE"';

/** No fsync and no replication: a demo's data may be lost with the machine, and starts are quicker. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '2GB',
  shared_buffers: '64MB',
  log_min_messages: 'warning',
};

/**
 * Starts a PostgreSQL of its own on loopback, for demo and tests only: every local user may connect (trust), nothing
 * is synced to disk. As root the server runs as `postgres` or `nobody`, because PostgreSQL refuses to run as root.
 * It stops by `stop` or when this process ends. Throws when it isn't ready within a minute, with the end of its log.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { initdb, postgres, owner } = await locatePostgres();
  const root = options.directory ?? (await mkdtemp(join(tmpdir(), 'tanker-postgres-')));
  await mkdir(root, { recursive: true });
  if (owner) await chown(root, owner.uid, owner.gid);
  const data = join(root, 'data');
  const log = join(root, 'server.log');
  const identity = owner ? { uid: owner.uid, gid: owner.gid } : {};
  const environment = { PATH: process.env['PATH'], LC_ALL: 'C', HOME: root, LOG: log };
  const remove = options.directory === undefined ? root : '';

  await promisify(execFile)(
    initdb,
    ['-D', data, '-U', USER, '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
    { ...identity, cwd: root, env: environment },
  );
  const port = options.port ?? (await freePort());
  const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([k, v]) => [
    '-c',
    `${k}=${v}`,
  ]);
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'sh', postgres, '-D', data, ...settings], {
    ...identity,
    cwd: root,
    env: { ...environment, REMOVE: remove },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => keeper.once('close', () => resolve()));
  // Neither the keeper nor its pipe keeps this process alive: its end is what stops the server.
  keeper.unref();
  (keeper.stdin as unknown as { unref(): void }).unref();
  const stop = async () => {
    keeper.stdin.end();
    keeper.ref();
    await ended;
  };
  try {
    await untilReady(data);
  } catch (error) {
    const tail = (await readFile(log, 'utf8').catch(() => '')).slice(-500);
    await stop();
    throw new Error(`PostgreSQL in ${root} did not start. The end of its log: ${tail}`, { cause: error });
  }
  return {
    host: HOST,
    port,
    user: USER,
    connectionString: `postgres://${USER}@${HOST}:${port}/postgres`,
    stop,
  };
}

/** The eighth line of postmaster.pid is the server's state; it is what pg_ctl waits for. */
async function untilReady(data: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (lines[7]?.trim() === 'ready') return;
    if (Date.now() > deadline) throw new Error('not ready in time');
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
