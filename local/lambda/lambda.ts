import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { FaultPort } from '../faults.ts';
import type { Authorize, ServiceCall } from '../hooks.ts';
import type { WireHandler } from '../wire.ts';
import { type AsynchronousInvocations, createAsynchronous, type FailureRecord } from './asynchronous.ts';
import type { FunctionDefinition } from './definition.ts';
import { deliveryCall } from './destination.ts';
import { type ExecutionEnvironment, startEnvironment } from './execution-environment.ts';
import { createInvoke, type Invoke } from './invoke.ts';
import { openLog } from './log.ts';
import { EnvironmentPools } from './pool.ts';
import { FunctionRegistry, type FunctionRun, type Registered } from './registry.ts';
import { clockOffset, createRun } from './run.ts';
import { environmentVariables, type RoleCredentials } from './variables.ts';
import { createLambdaHandler } from './wire-handler.ts';

export interface LambdaOptions {
  readonly clock: Clock;
  /** The cloud's own address, asked when an environment starts. */
  endpoint(): string;
  credentialsFor(roleArn: string): RoleCredentials;
  readonly authorize?: Authorize;
  /** Refuses a record that the function's role may not send to its destination. */
  authorizeRole?(roleArn: string, call: Omit<ServiceCall, 'accessKeyId'>): void;
  readonly fault?: FaultPort;
  /** Invocations of a region's functions that may run at once; without it any number. */
  concurrencyLimit?(): number;
  /** Logs are <logDirectory>/<region>/<function>.log. */
  readonly logDirectory: string;
  /** Takes records for a destination that is a queue. */
  sendToQueue(queueArn: string, body: string): void;
}

export interface RunningEnvironment {
  readonly region: string;
  readonly functionName: string;
  readonly pid: number;
  readonly busy: boolean;
}

/** An invocation under way. */
export interface RunUnderWay extends FunctionRun {
  readonly region: string;
  readonly functionName: string;
}

export interface Lambda {
  readonly handle: WireHandler;
  /** Adds a function to a region. Throws when there is one of its name. */
  register(region: string, definition: FunctionDefinition): void;
  functions(region: string): readonly FunctionDefinition[];
  readonly invoke: Invoke;
  /** Loads the handler of a function in so many processes (one when absent) before they are needed. */
  prewarm(region: string, functionName: string, count?: number): Promise<void>;
  environments(): readonly RunningEnvironment[];
  /** Every invocation from when it was let in until its end, also those that a fault keeps waiting. */
  runs(): readonly RunUnderWay[];
  /** Sends a signal to every process of a function (SIGKILL when absent); answers how many. */
  killEnvironments(functionName: string, region: string, signal?: NodeJS.Signals): number;
  /** Asynchronous events accepted and neither done nor given up. */
  pendingEvents(): number;
  /** Invocations under way and environments that start. */
  underWay(): number;
  /** Ends every environment, so that the next invocations start new ones. Not to be called while one is under way. */
  recycle(): Promise<void>;
  logFile(region: string, functionName: string): string;
  /** Ends every process. Asynchronous events that wait are lost. */
  stop(): Promise<void>;
}

/** Lambda of all regions: the functions of the template, each environment a child process of Node. */
export function createLambda(options: LambdaOptions): Lambda {
  const { clock, fault } = options;
  const registry = new FunctionRegistry();
  const pools = new EnvironmentPools();
  const mayRun = (region: string) => {
    const running = registry.all().reduce((sum, one) => sum + (one.region === region ? one.running : 0), 0);
    return running < (options.concurrencyLimit?.() ?? Number.POSITIVE_INFINITY);
  };
  const run = createRun({ clock, fault, pools, mayRun });
  const asynchronous: AsynchronousInvocations = createAsynchronous({
    clock,
    run: (definition, requestId, payload) => run(registry.of(definition), requestId, payload),
    giveUp: (definition, destination, record) => sendRecord(definition, destination, record, invoke, options),
    log: (definition, requestId, text) => registry.of(definition).log.line(requestId, text),
  });
  const invoke = createInvoke({ clock, fault, registry, run, asynchronous });
  const functions = (region: string) =>
    registry
      .all()
      .filter((entry) => entry.region === region)
      .map((entry) => entry.definition);
  return {
    handle: createLambdaHandler(
      { invoke, functions, find: (...at) => registry.find(...at).definition },
      options,
    ),
    register(region, definition) {
      const log = openLog(options.logDirectory, region, definition.name, () => clock.now());
      const entry = registry.add(region, definition, log);
      pools.register(entry.key, () => startFor(entry, options));
    },
    functions,
    invoke,
    prewarm: (region, name, count = 1) => pools.prewarm(registry.find(region, name).key, count),
    environments: () => registry.all().flatMap((entry) => runningOf(entry, pools)),
    runs: () =>
      registry
        .all()
        .flatMap(({ region, definition, runs }) =>
          [...runs].map((run) => ({ ...run, region, functionName: definition.name })),
        ),
    killEnvironments(functionName, region, signal = 'SIGKILL') {
      const all = pools.environments(registry.find(region, functionName).key);
      for (const environment of all) environment.kill(signal);
      return all.length;
    },
    pendingEvents: () => asynchronous.pending(),
    underWay: () => registry.all().reduce((sum, { running }) => sum + running, pools.starting()),
    recycle: () => pools.recycle(),
    logFile: (region, functionName) => registry.find(region, functionName).log.file,
    async stop() {
      asynchronous.stop();
      await pools.stop();
      await Promise.all(registry.all().map((entry) => entry.log.close()));
    },
  };
}

function startFor({ definition, region, log }: Registered, options: LambdaOptions): ExecutionEnvironment {
  const credentials = options.credentialsFor(definition.roleArn);
  const logStream = `[$LATEST]${randomUUID().replaceAll('-', '')}`;
  const variables = environmentVariables(definition, region, credentials, options.endpoint(), logStream);
  return startEnvironment(definition, variables, log, clockOffset(options.clock));
}

function runningOf({ key, region }: Registered, pools: EnvironmentPools): RunningEnvironment[] {
  return pools.environments(key).map(({ pid, functionName, busy }) => ({ region, functionName, pid, busy }));
}

/** Sends the record of an event that is given up, in the function's role. */
async function sendRecord(
  definition: FunctionDefinition,
  destination: string,
  record: FailureRecord,
  invoke: Invoke,
  options: LambdaOptions,
): Promise<void> {
  const body = JSON.stringify(record);
  const call = deliveryCall(destination);
  options.authorizeRole?.(definition.roleArn, call);
  if (call.action === 'sqs:SendMessage') return options.sendToQueue(destination, body);
  const { region } = call;
  await invoke({ region, functionName: destination, payload: body, invocationType: 'Event' });
}
