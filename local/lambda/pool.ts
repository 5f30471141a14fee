import { availableParallelism, totalmem } from 'node:os';
import type { ExecutionEnvironment } from './execution-environment.ts';

/** Environments that start at the same time: more would only make each of them slower. */
const SIMULTANEOUS_STARTS = Math.max(2, availableParallelism());

/** What one warm process takes. */
const IDLE_PROCESS_BYTES = 60 * 1024 ** 2;

/**
 * Warm processes kept while nobody uses them; the one idle longest ends first. They may take a third of the memory:
 * 136 of 24 GB, 90 of 16 GB. An installation has some 60 functions, and each start costs a third of a second of CPU.
 */
const MAXIMUM_IDLE = Math.floor(totalmem() / 3 / IDLE_PROCESS_BYTES);

/**
 * Longest load of a function's module. Lambda gives 10 s; a laptop that starts many processes at once may need
 * longer, and a slow start here proves nothing about AWS.
 */
const INIT_LIMIT_MS = 60_000;

interface Waiter {
  readonly resolve: (environment: ExecutionEnvironment) => void;
  readonly reject: (error: unknown) => void;
}

interface FunctionPool {
  readonly start: () => ExecutionEnvironment;
  readonly all: Set<ExecutionEnvironment>;
  readonly idle: ExecutionEnvironment[];
  readonly waiting: Waiter[];
  starting: number;
}

/**
 * The execution environments of all functions of one cloud. Warm ones are reused, the latest first; an invocation
 * takes a new one only when none is free, and a free one that comes before the new one has started.
 */
export class EnvironmentPools {
  readonly #pools = new Map<string, FunctionPool>();
  readonly #enter = createGate(SIMULTANEOUS_STARTS);
  /** Over all functions, the one idle longest first. */
  readonly #idle: ExecutionEnvironment[] = [];
  #stopped = false;

  /** Registers a function under a key; `start` makes one environment of it. */
  register(key: string, start: () => ExecutionEnvironment): void {
    this.#pools.set(key, { start, all: new Set(), idle: [], waiting: [], starting: 0 });
  }

  /** A free environment that has loaded the handler; rejects with InitFailed. */
  acquire(key: string): Promise<ExecutionEnvironment> {
    const pool = this.#poolOf(key);
    for (let free = pool.idle.at(-1); free; free = pool.idle.at(-1)) {
      this.#unpark(pool, free);
      if (free.alive) return Promise.resolve(free);
    }
    const { promise, resolve, reject } = Promise.withResolvers<ExecutionEnvironment>();
    pool.waiting.push({ resolve, reject });
    this.#startForWaiting(pool);
    return promise;
  }

  /** Gives an environment back; a dead one is forgotten. */
  release(key: string, environment: ExecutionEnvironment): void {
    this.#park(this.#poolOf(key), environment);
  }

  /** Starts environments until so many are there. */
  async prewarm(key: string, count: number): Promise<void> {
    const pool = this.#poolOf(key);
    const missing = Math.max(0, count - pool.all.size - pool.starting);
    await Promise.all(Array.from({ length: missing }, () => this.#start(pool)));
  }

  environments(key: string): readonly ExecutionEnvironment[] {
    return [...this.#poolOf(key).all];
  }

  /** Environments that load their handler and serve nobody yet. */
  starting(): number {
    return [...this.#pools.values()].reduce((sum, pool) => sum + pool.starting, 0);
  }

  /** Ends every process and waits until it is gone; the next invocations start new ones. */
  async recycle(): Promise<void> {
    const all = [...this.#pools.values()].flatMap((pool) => [...pool.all]);
    for (const environment of all) environment.kill('SIGKILL');
    await Promise.all(all.map((environment) => environment.exited));
  }

  /** Ends every process and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.recycle();
  }

  #poolOf(key: string): FunctionPool {
    const pool = this.#pools.get(key);
    if (!pool) throw new Error(`No function is registered as ${key}`);
    return pool;
  }

  #park(pool: FunctionPool, environment: ExecutionEnvironment): void {
    if (!environment.alive) return;
    const waiter = pool.waiting.shift();
    if (waiter) {
      waiter.resolve(environment);
      return;
    }
    pool.idle.push(environment);
    this.#idle.push(environment);
    if (this.#idle.length > MAXIMUM_IDLE) this.#idle[0]?.kill('SIGKILL');
  }

  #unpark(pool: FunctionPool, environment: ExecutionEnvironment): void {
    for (const idle of [pool.idle, this.#idle]) {
      const index = idle.indexOf(environment);
      if (index >= 0) idle.splice(index, 1);
    }
  }

  #startForWaiting(pool: FunctionPool): void {
    while (pool.starting < pool.waiting.length) void this.#start(pool);
  }

  /** Starts one environment for whoever waits first; a start that fails is that one's failure. */
  async #start(pool: FunctionPool): Promise<void> {
    pool.starting += 1;
    const leave = await this.#enter();
    try {
      if (this.#stopped) throw new Error('The embedded cloud has stopped');
      const environment = pool.start();
      pool.all.add(environment);
      void environment.exited.then(() => {
        pool.all.delete(environment);
        this.#unpark(pool, environment);
      });
      const limit = setTimeout(() => environment.kill('SIGKILL'), INIT_LIMIT_MS);
      await environment.ready.finally(() => clearTimeout(limit));
      this.#park(pool, environment);
    } catch (error) {
      pool.waiting.shift()?.reject(error);
    } finally {
      pool.starting -= 1;
      leave();
    }
    this.#startForWaiting(pool);
  }
}

/** Lets so many through at a time; the answer leaves. */
function createGate(width: number): () => Promise<() => void> {
  const queue: (() => void)[] = [];
  let inside = 0;
  const leave = () => {
    inside -= 1;
    queue.shift()?.();
  };
  return async () => {
    if (inside >= width) await new Promise<void>((resolve) => queue.push(resolve));
    inside += 1;
    return leave;
  };
}
