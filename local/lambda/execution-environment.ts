import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { FunctionDefinition } from './definition.ts';
import type { FunctionLog } from './log.ts';
import { watchMemory } from './memory.ts';

const BOOTSTRAP = path.join(import.meta.dirname, 'environment.mjs');

/** Share of a function's memory that Node's heap may take. Source: AWS's Node.js runtime starts node with 90 %. */
const HEAP_SHARE = 0.9;

/** An error as a function's caller sees it. */
export interface ErrorDocument {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type Outcome = { readonly payload: string } | { readonly error: ErrorDocument };

type ChildMessage =
  | { kind: 'ready' }
  | { kind: 'broken'; error: ErrorDocument }
  | { kind: 'answer'; requestId: string; payload: string }
  | { kind: 'failure'; requestId: string; error: ErrorDocument };

export interface EnvironmentInvocation {
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
  readonly timeoutMs: number;
  readonly clockOffsetMs: number;
}

/** One child process that runs a function, one invocation at a time. */
export interface ExecutionEnvironment {
  readonly pid: number;
  readonly functionName: string;
  /** Resolves when the handler is loaded; rejects with an {@link InitFailed}. */
  readonly ready: Promise<void>;
  readonly alive: boolean;
  readonly busy: boolean;
  /** Most memory that an invocation was seen to hold, in MB. */
  readonly peakMemoryMb: number;
  /** Never rejects: timeout, crash and thrown error are outcomes. Not to be called while busy. */
  invoke(invocation: EnvironmentInvocation): Promise<Outcome>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<void>;
}

/** The function's module could not be loaded. */
export class InitFailed extends Error {
  readonly document: ErrorDocument;

  constructor(document: ErrorDocument) {
    super(document.errorMessage);
    this.name = 'InitFailed';
    this.document = document;
  }
}

/** Starts the process of an environment. `clockOffsetMs` is how far the cloud's clock is ahead of the machine's. */
export function startEnvironment(
  definition: FunctionDefinition,
  variables: Record<string, string>,
  log: FunctionLog,
  clockOffsetMs: number,
): ExecutionEnvironment {
  const heapMb = Math.round(definition.memoryMb * HEAP_SHARE);
  const child = fork(BOOTSTRAP, {
    execArgv: [`--max-old-space-size=${heapMb}`],
    env: { ...variables, TANKER_CLOCK_OFFSET_MS: String(clockOffsetMs) },
    cwd: definition.codeDirectory,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return superviseEnvironment(child, definition, log);
}

function superviseEnvironment(
  child: ChildProcess,
  definition: FunctionDefinition,
  log: FunctionLog,
): ExecutionEnvironment {
  let alive = true;
  let requestId = '-';
  let peakMemoryMb = 0;
  let settle: ((outcome: Outcome) => void) | undefined;
  const init = Promise.withResolvers<void>();
  const exit = Promise.withResolvers<void>();
  init.promise.catch(() => {});
  if (child.stdout) log.attach(child.stdout, () => requestId);
  if (child.stderr) log.attach(child.stderr, () => requestId);

  const finish = (outcome: Outcome) => {
    const waiting = settle;
    settle = undefined;
    waiting?.(outcome);
  };
  const ended = (reason: string) => {
    alive = false;
    const suffix = `Error: Runtime exited ${reason}`;
    init.reject(new InitFailed({ errorType: 'Runtime.ExitError', errorMessage: suffix }));
    finish({ error: { errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${requestId} ${suffix}` } });
  };
  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'ready') init.resolve();
    else if (message.kind === 'broken') init.reject(new InitFailed(message.error));
    else if (message.requestId !== requestId) return;
    else if (message.kind === 'answer') finish({ payload: message.payload });
    else finish({ error: message.error });
  });
  child.on('exit', (code, signal) => {
    ended(exitReason(code, signal));
    exit.resolve();
  });
  child.on('error', (error) => {
    ended(`with error: ${error.message}`);
    if (child.pid === undefined) exit.resolve();
  });

  return {
    pid: child.pid ?? 0,
    functionName: definition.name,
    ready: init.promise,
    exited: exit.promise,
    get alive() {
      return alive;
    },
    get peakMemoryMb() {
      return peakMemoryMb;
    },
    get busy() {
      return settle !== undefined;
    },
    kill(signal) {
      if (signal === 'SIGKILL' && settle === undefined) alive = false;
      child.kill(signal);
    },
    invoke(invocation) {
      requestId = invocation.requestId;
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const memory = watchMemory(child.pid ?? 0, definition.memoryMb, () => child.kill('SIGKILL'));
      const timer = setTimeout(() => {
        alive = false;
        child.kill('SIGKILL');
        finish({ error: timedOut(invocation) });
      }, invocation.timeoutMs);
      settle = (outcome) => {
        clearTimeout(timer);
        memory.stop();
        peakMemoryMb = Math.max(peakMemoryMb, memory.peakMb());
        resolve(outcome);
      };
      const functionArn = definition.arn;
      child.send({ ...invocation, functionArn, traceId: traceId() }, (error) => {
        if (error) ended('with error: the channel to it is closed');
      });
      return promise;
    },
  };
}

function timedOut(invocation: EnvironmentInvocation): ErrorDocument {
  const seconds = (invocation.timeoutMs / 1000).toFixed(2);
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${invocation.requestId} Error: Task timed out after ${seconds} seconds`,
  };
}

/** Lambda's words for how a runtime ended. */
function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'with error: signal: killed';
  if (signal === 'SIGABRT') return 'with error: signal: aborted';
  if (signal) return `with error: signal: ${signal.slice(3).toLowerCase()}`;
  return code === 0 ? 'without providing a reason' : `with error: exit status ${code}`;
}

/** A trace that is not sampled, so that the X-Ray SDK sends nothing. */
function traceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const bytes = randomBytes(20).toString('hex');
  return `Root=1-${seconds}-${bytes.slice(0, 24)};Parent=${bytes.slice(24, 40)};Sampled=0`;
}
