import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process that stops when its stop function was called gets this long before it is killed. */
const STOP_TIMEOUT_MS = 5000;
const LOG_TAIL_CHARACTERS = 2000;

export interface Child<Ready> {
  readonly process: ChildProcess;
  /** What the process said when it was ready. */
  readonly ready: Ready;
  /** Lets its dates be so far ahead of the machine's from now on. Does nothing once it has ended. */
  followClock(offsetMs: number): Promise<void>;
  /** Asks it to stop, and kills it when it doesn't. May be called twice. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Names its files in the directory: `<name>.json` and `<name>.log`. */
  readonly name: string;
  readonly script: URL;
  readonly directory: string;
  readonly config: object;
  /** How far its dates are ahead of the machine's from the start; 0 when absent. */
  readonly clockOffsetMs?: number;
}

const FOLLOW_CLOCK = new URL('./follow-clock.mjs', import.meta.url).href;

/**
 * Starts one of the world's processes and waits for its readiness message. It lives no longer than this process, since
 * it stops when its channel closes. Throws with the end of its log when it ends before it is ready.
 */
export async function startChild<Ready>(options: ChildOptions): Promise<Child<Ready>> {
  const config = join(options.directory, `${options.name}.json`);
  const log = join(options.directory, `${options.name}.log`);
  // It holds tokens, so nobody else may read it.
  writeFileSync(config, JSON.stringify(options.config, undefined, 2), { mode: 0o600 });
  const output = openSync(log, 'w', 0o600);
  const child = fork(options.script, [config], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', FOLLOW_CLOCK],
    env: { ...process.env, TANKER_CLOCK_OFFSET_MS: String(options.clockOffsetMs ?? 0) },
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  // The channel closes after its last message was read, the process may have ended a little earlier.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  const first = await Promise.race([once(child, 'message'), ended.then(() => undefined)]);
  if (first === undefined) {
    const tail = readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARACTERS);
    throw new Error(`${options.name} ended before it was ready. The end of ${log}: ${tail}`);
  }
  const stop = async () => {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(kill);
  };
  const followClock = async (offsetMs: number) => {
    if (!child.connected) return;
    const followed = new Promise<void>((resolve) => {
      const hear = (message: { followedClock?: number }) => {
        if (message.followedClock !== offsetMs) return;
        child.off('message', hear);
        resolve();
      };
      child.on('message', hear);
    });
    child.send({ clockOffsetMs: offsetMs });
    await Promise.race([followed, ended]);
  };
  return { process: child, ready: first[0] as Ready, followClock, stop };
}

/** What a process of the world runs: started with its configuration, ready with what it tells its parent. */
export interface Service {
  readonly ready: object;
  /** What it answers is the last message to the parent. */
  stop(): Promise<object>;
}

/**
 * The main function of a process of the world: reads the JSON file that its argument names, starts, says on standard
 * output and to its parent that it is ready, and stops at a signal or when its parent is gone.
 */
export async function runChild<Config>(start: (config: Config) => Promise<Service>): Promise<void> {
  const path = process.argv[2];
  if (path === undefined) {
    console.error(`Usage: node ${process.argv[1]} CONFIG.json`);
    process.exit(2);
  }
  const service = await start(JSON.parse(readFileSync(path, 'utf8')) as Config);
  const message = { ready: true, ...service.ready };
  console.log(JSON.stringify(message));
  process.send?.(message);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    const last = { stopped: true, ...(await service.stop()) };
    console.log(JSON.stringify(last));
    if (process.connected) process.send?.(last, () => process.exit(0));
    else process.exit(0);
  };
  const fail = (error: unknown) => {
    console.error(error);
    process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'])
    process.once(signal, () => void stop().catch(fail));
}
