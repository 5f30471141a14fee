import { availableParallelism } from 'node:os';
import type { ExecutionEnvironment } from './execution-environment.ts';

/** Environments that start at the same time: more would only make each of them slower. */
const SIMULTANEOUS_STARTS = Math.max(2, availableParallelism());

/** Warm processes kept while nobody uses them, about 60 MB each; the one idle longest ends first. */
const MAXIMUM_IDLE = 64;

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

/** The execution environments of all functions of one cloud. */
export interface EnvironmentPools {
  /** Registers a function under a key; `start` makes one environment of it. */
  register(key: string, start: () => ExecutionEnvironment): void;
  /** A free environment that has loaded the handler; rejects with InitFailed. */
  acquire(key: string): Promise<ExecutionEnvironment>;
  /** Gives an environment back; a dead one is forgotten. */
  release(key: string, environment: ExecutionEnvironment): void;
  /** Starts environments until so many are there. */
  prewarm(key: string, count: number): Promise<void>;
  environments(key: string): readonly ExecutionEnvironment[];
  /** Ends every process and waits until it is gone. */
  stop(): Promise<void>;
}

/** Warm environments are reused, the latest first; an invocation takes a new one only when none is free. */
export function createPools(): EnvironmentPools {
  const pools = new Map<string, FunctionPool>();
  const gate = createGate(SIMULTANEOUS_STARTS);
  const allIdle: { pool: FunctionPool; environment: ExecutionEnvironment }[] = [];
  let stopped = false;

  function poolOf(key: string): FunctionPool {
    const pool = pools.get(key);
    if (!pool) throw new Error(`No function is registered as ${key}`);
    return pool;
  }

  function park(pool: FunctionPool, environment: ExecutionEnvironment): void {
    if (!environment.alive) return;
    const waiter = pool.waiting.shift();
    if (waiter) {
      waiter.resolve(environment);
      return;
    }
    pool.idle.push(environment);
    allIdle.push({ pool, environment });
    if (allIdle.length > MAXIMUM_IDLE) allIdle[0]?.environment.kill('SIGKILL');
  }

  function forgetIdle(pool: FunctionPool, environment: ExecutionEnvironment): void {
    const own = pool.idle.indexOf(environment);
    if (own >= 0) pool.idle.splice(own, 1);
    const shared = allIdle.findIndex((entry) => entry.environment === environment);
    if (shared >= 0) allIdle.splice(shared, 1);
  }

  async function startOne(pool: FunctionPool): Promise<void> {
    pool.starting += 1;
    const leave = await gate();
    try {
      if (stopped) throw new Error('The embedded cloud has stopped');
      const environment = pool.start();
      pool.all.add(environment);
      void environment.exited.then(() => {
        pool.all.delete(environment);
        forgetIdle(pool, environment);
      });
      const limit = setTimeout(() => environment.kill('SIGKILL'), INIT_LIMIT_MS);
      await environment.ready.finally(() => clearTimeout(limit));
      park(pool, environment);
    } catch (error) {
      pool.waiting.shift()?.reject(error);
    } finally {
      pool.starting -= 1;
      leave();
    }
    startForWaiting(pool);
  }

  function startForWaiting(pool: FunctionPool): void {
    while (pool.starting < pool.waiting.length) void startOne(pool);
  }

  return {
    register(key, start) {
      pools.set(key, { start, all: new Set(), idle: [], waiting: [], starting: 0 });
    },
    async acquire(key) {
      const pool = poolOf(key);
      for (let free = pool.idle.at(-1); free; free = pool.idle.at(-1)) {
        forgetIdle(pool, free);
        if (free.alive) return free;
      }
      const { promise, resolve, reject } = Promise.withResolvers<ExecutionEnvironment>();
      pool.waiting.push({ resolve, reject });
      startForWaiting(pool);
      return promise;
    },
    release: (key, environment) => park(poolOf(key), environment),
    async prewarm(key, count) {
      const pool = poolOf(key);
      const missing = count - pool.all.size - pool.starting;
      await Promise.all(Array.from({ length: Math.max(0, missing) }, () => startOne(pool)));
    },
    environments: (key) => [...poolOf(key).all],
    async stop() {
      stopped = true;
      const all = [...pools.values()].flatMap((pool) => [...pool.all]);
      for (const environment of all) environment.kill('SIGKILL');
      await Promise.all(all.map((environment) => environment.exited));
    },
  };
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
