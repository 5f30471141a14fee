import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { FaultPort } from '../faults.ts';
import { type FunctionLog, openLog } from '../lambda/log.ts';
import { clockOffset, waitFor } from '../lambda/run.ts';
import type { RoleCredentials } from '../lambda/variables.ts';
import type { ClusterDefinition, ContainerOverride, TaskDefinition } from './definition.ts';
import type { Task } from './task.ts';
import { startTaskProcess } from './task-process.ts';

export interface TasksOptions {
  readonly clock: Clock;
  endpoint(): string;
  credentialsFor(roleArn: string): RoleCredentials;
  readonly fault?: FaultPort;
  /** The log of a family is <logDirectory>/<region>/<family>.log. */
  readonly logDirectory: string;
  /** Told of each change of a task's state. */
  changed(task: Task): void;
}

export interface RunOrder {
  readonly region: string;
  readonly account: string;
  readonly cluster: ClusterDefinition;
  readonly definition: TaskDefinition;
  readonly overrides: readonly ContainerOverride[];
  readonly startedBy: string | undefined;
  readonly group: string;
}

/** What a fault can do to a task between its acceptance and its first line of code. */
const RUN_EFFECTS = ['error', 'delay'] as const;

/** The tasks of all regions, each a child process. */
export class Tasks {
  readonly #options: TasksOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #logs = new Map<string, FunctionLog>();
  #ended = false;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  list(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  get(arn: string): Task | undefined {
    return this.#tasks.get(arn);
  }

  /** Accepts a task; it starts soon. */
  run(order: RunOrder): Task {
    const { account, ...given } = order;
    const id = randomUUID().replaceAll('-', '');
    const task: Task = {
      ...given,
      id,
      arn: `arn:aws:ecs:${order.region}:${account}:task/${order.cluster.name}/${id}`,
      createdAt: this.#options.clock.now(),
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      version: 1,
      stopped: Promise.withResolvers<void>(),
    };
    this.#tasks.set(task.arn, task);
    setImmediate(() => void this.#start(task));
    return task;
  }

  /** SIGTERM, and SIGKILL after the container's stop timeout. */
  stop(task: Task, reason: string): void {
    if (task.desiredStatus === 'STOPPED') return;
    task.desiredStatus = 'STOPPED';
    task.stopCode = 'UserInitiated';
    task.stoppedReason = reason;
    if (!task.process) {
      this.#end(task);
      return;
    }
    task.process.kill('SIGTERM');
    const cancel = this.#options.clock.after(task.definition.container.stopTimeoutSeconds * 1000, () =>
      task.process?.kill('SIGKILL'),
    );
    task.stopped.promise.then(cancel, cancel);
  }

  /** Kills every process; no events are sent any more. */
  async close(): Promise<void> {
    this.#ended = true;
    const running = this.list().filter(({ process }) => process !== undefined);
    for (const task of running) task.process?.kill('SIGKILL');
    await Promise.all(running.map((task) => task.stopped.promise));
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
  }

  async #start(task: Task): Promise<void> {
    const { clock, fault } = this.#options;
    const effect = fault?.(subject(task), RUN_EFFECTS);
    if (effect?.kind === 'delay') await waitFor(clock, effect.milliseconds);
    if (this.#ended || task.desiredStatus === 'STOPPED') return;
    if (effect?.kind === 'error') {
      task.desiredStatus = 'STOPPED';
      task.stopCode = 'TaskFailedToStart';
      task.stoppedReason = `${effect.errorType}: ${effect.errorMessage}`;
      this.#end(task);
      return;
    }
    this.#spawn(task);
    task.startedAt = clock.now();
    task.lastStatus = 'RUNNING';
    this.#tell(task);
  }

  #spawn(task: Task): void {
    const { definition, region, overrides } = task;
    const child = startTaskProcess(definition, overrides, {
      region,
      endpoint: this.#options.endpoint(),
      credentials: this.#options.credentialsFor(definition.taskRoleArn ?? ''),
      clockOffsetMs: clockOffset(this.#options.clock),
    });
    task.process = child;
    const log = this.#logOf(task);
    if (child.stdout) log.attach(child.stdout, () => task.id);
    if (child.stderr) log.attach(child.stderr, () => task.id);
    let over = false;
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      if (over) return;
      over = true;
      // As a container's: 128 and the number of the signal.
      task.exitCode = code ?? (signal === 'SIGTERM' ? 143 : 137);
      task.desiredStatus = 'STOPPED';
      task.stopCode ??= 'EssentialContainerExited';
      task.stoppedReason ??= 'Essential container in task exited';
      this.#end(task);
    };
    child.on('exit', ended);
    child.on('error', () => ended(1, null));
  }

  #end(task: Task): void {
    task.lastStatus = 'STOPPED';
    task.stoppedAt = this.#options.clock.now();
    task.stopped.resolve();
    this.#tell(task);
  }

  #tell(task: Task): void {
    task.version += 1;
    if (!this.#ended) this.#options.changed(task);
  }

  #logOf({ region, definition: { family } }: Task): FunctionLog {
    const key = `${region}/${family}`;
    const { logDirectory, clock } = this.#options;
    const log = this.#logs.get(key) ?? openLog(logDirectory, region, family, () => clock.now());
    this.#logs.set(key, log);
    return log;
  }
}

/** A task on its way to its first line of code, as faults see it. */
function subject({ region, cluster, definition, overrides, startedBy }: Task) {
  const variables = overrides.flatMap(({ environment = [] }) => environment);
  return {
    service: 'ecs',
    region,
    operation: 'Run',
    namedOnly: true,
    cluster: cluster.name,
    family: definition.family,
    startedBy,
    environment: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
  };
}
