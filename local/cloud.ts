import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { readAssembly } from './assembly/assembly.ts';
import { type Clock, createJumpingClock, systemClock } from './clock.ts';
import { deploy, type SecretValues, type Services } from './deploy/deploy.ts';
import { createDynamo, type EmbeddedDynamo } from './dynamodb/index.ts';
import { createEcs, type Ecs } from './ecs/ecs.ts';
import { createEvents, type Events } from './events/events.ts';
import { createFaults, type Faults } from './faults.ts';
import type { InjectFault } from './hooks.ts';
import { ADMIN_CREDENTIALS, createIam, type Iam } from './iam/iam.ts';
import { dynamoForStates, invokeForStates, targetsOfRules } from './integrations.ts';
import { createLambda, type Lambda } from './lambda/lambda.ts';
import type { RoleCredentials } from './lambda/variables.ts';
import { createLocalApi } from './local-api.ts';
import { createQueues, type Queues } from './queues.ts';
import { createS3, type EmbeddedS3 } from './s3/index.ts';
import { createSecrets, type EmbeddedSecrets } from './secrets/index.ts';
import { type Front, startFront } from './server.ts';
import { createStates, type States } from './states/states.ts';
import { createMappings } from './streams/mappings.ts';
import { createThrottles, type Throttles } from './throttles.ts';
import { type CloudClock, createCloudClock } from './time-jumps.ts';

export interface CloudOptions {
  /** Where `cdk synth` wrote the assembly (cdk.out). */
  readonly assemblyDirectory: string;
  /** Where logs and the bodies of S3 objects are kept; made if absent. */
  readonly dataDirectory: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** What the cloud's own clock follows, until it is made to jump; the machine's when absent. */
  readonly clock?: Clock;
  /** Region → name → value; they win over values in the templates. */
  readonly secrets?: SecretValues;
  /** Whether rules with a rate fire by themselves; without it only `events.fire` fires them. */
  readonly schedules?: boolean;
  /** Whether calls are throttled at AWS's published rates; they aren't unless asked for. */
  readonly throttled?: boolean;
  /** Told after each jump of the clock how far it is ahead of the machine's: for what runs beside the cloud. */
  onClockJump?(offsetMs: number): Promise<void>;
  /** Takes lines about what went wrong where nobody waits for an answer. */
  log?(line: string): void;
}

/** A running embedded cloud. */
export interface Cloud {
  /** http://127.0.0.1:<port> for the services of all regions. */
  readonly endpoint: string;
  /** May do everything. */
  readonly credentials: RoleCredentials;
  /** Those of a role of the assembly: to act as a function or a worker of it. */
  credentialsFor(roleArn: string): RoleCredentials;
  /** Of the assembly's stacks, in their order. */
  readonly regions: readonly string[];
  readonly account: string;
  readonly events: Events;
  readonly lambda: Lambda;
  /** The Fargate tasks, each a process, and what they are runs of. */
  readonly ecs: Pick<Ecs, 'tasks' | 'taskDefinitions'>;
  readonly states: States;
  readonly s3: EmbeddedS3;
  readonly dynamo: EmbeddedDynamo;
  readonly secrets: EmbeddedSecrets;
  readonly queues: Queues;
  readonly faults: Faults;
  /** Who may do what, what of it was used, and taking a right away to see what needs it. */
  readonly iam: Pick<Iam, 'usage' | 'refusals' | 'resetUsage' | 'withhold'>;
  readonly throttles: Throttles;
  /** Lets days pass at once. */
  readonly clock: CloudClock;
  /** Loads every function of a region (of all regions when absent) in one process each. */
  prewarm(region?: string): Promise<void>;
  /** Ends executions, processes and connections; what waits asynchronously is lost. */
  stop(): Promise<void>;
}

/** The assembly holds what the embedded cloud can't run. */
export class AssemblyUnsupported extends Error {
  override readonly name = 'AssemblyUnsupported';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The embedded cloud can't run this assembly; nothing was started:\n${problems.map((one) => `- ${one}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/**
 * Runs the stacks of a synthesized assembly on this machine, each resource in its region.
 * @throws AssemblyUnreadable, AssemblyUnsupported with everything that stands in the way
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const ownClock = createJumpingClock(options.clock ?? systemClock);
  const log = options.log ?? (() => {});
  const assembly = readAssembly(options.assemblyDirectory);
  mkdirSync(options.dataDirectory, { recursive: true });
  const faults = createFaults();
  const throttles = createThrottles(ownClock);
  throttles.set({ enabled: options.throttled ?? false });
  let front: Front | undefined;
  const services = createServices({
    clock: ownClock,
    faults,
    throttles,
    log,
    account: assembly.account,
    dataDirectory: options.dataDirectory,
    endpoint: () => front?.endpoint ?? '',
  });
  const { iam, lambda, ecs, events, states, s3, dynamo, secrets, queues, mappings } = services;
  const clock = createCloudClock({
    clock: ownClock,
    services,
    followed: async (offsetMs) => options.onClockJump?.(offsetMs),
  });
  const stopServices = async () => {
    events.stop();
    mappings.stop();
    states.close();
    await Promise.all([lambda.stop(), ecs.stop()]);
  };
  try {
    const problems = [...assembly.problems, ...(await deploy(assembly, services, options.secrets ?? {}))];
    if (problems.length > 0) throw new AssemblyUnsupported(problems);
    const health = () => ({ status: 'ok', regions: assembly.regions, running: states.runningCount() });
    front = await startFront({
      port: options.port ?? 0,
      now: clock.now,
      knows: iam.knows,
      fault: faults.consult,
      local: createLocalApi({ faults, lambda, queues, iam, throttles, clock, health }),
      onDefect: (error, where) => log(`Defect at ${where}: ${(error as Error).stack ?? error}`),
      services: {
        lambda: lambda.handle,
        ecs: ecs.handle,
        states: states.handle,
        s3: s3.handle,
        dynamodb: dynamo.handle,
        secretsmanager: secrets.handle,
        events: events.handle,
      },
    });
  } catch (error) {
    await stopServices();
    throw error;
  }
  if (options.schedules) events.startSchedules();
  const { endpoint, stop: stopFront } = front;
  return {
    endpoint,
    credentials: ADMIN_CREDENTIALS,
    credentialsFor: iam.credentialsFor,
    regions: assembly.regions,
    account: assembly.account,
    events,
    lambda,
    ecs,
    states,
    s3,
    dynamo,
    secrets,
    queues,
    faults,
    iam,
    throttles,
    clock,
    async prewarm(region) {
      const regions = region === undefined ? assembly.regions : [region];
      const all = regions.flatMap((one) =>
        lambda.functions(one).map(({ name }) => lambda.prewarm(one, name)),
      );
      await Promise.all(all);
    },
    async stop() {
      await stopServices();
      await stopFront();
    },
  };
}

interface Ground {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly throttles: Throttles;
  readonly account: string;
  readonly dataDirectory: string;
  endpoint(): string;
  log(line: string): void;
}

/** All services, empty and tied to each other. */
function createServices({
  clock,
  faults,
  throttles,
  account,
  dataDirectory,
  endpoint,
  log,
}: Ground): Services {
  const iam = createIam();
  const queues = createQueues(() => clock.now());
  const fault: InjectFault = (call) => faults.inject(call) ?? throttles.inject(call);
  const hooks = { authorize: iam.authorize, fault };
  const s3 = createS3({ clock, directory: path.join(dataDirectory, 's3'), ...hooks });
  const dynamo = createDynamo({ clock, accountId: account, ...hooks });
  const secrets = createSecrets({ clock, accountId: account, ...hooks });
  const lambda = createLambda({
    clock,
    endpoint,
    credentialsFor: iam.credentialsFor,
    authorize: iam.authorize,
    authorizeRole: iam.authorizeRole,
    fault: faults.consult,
    concurrencyLimit: throttles.lambdaConcurrency,
    logDirectory: path.join(dataDirectory, 'logs'),
    sendToQueue: queues.send,
  });
  const events = createEvents({
    clock,
    account,
    authorize: iam.authorize,
    fault: faults.consult,
    log,
    ...targetsOfRules({ lambda, queues, states: () => states }, iam),
  });
  const ecs = createEcs({
    clock,
    accountId: account,
    endpoint,
    credentialsFor: iam.credentialsFor,
    authorize: iam.authorize,
    fault: faults.consult,
    logDirectory: path.join(dataDirectory, 'logs'),
    putEvent: events.putEvent,
    throttled: (region, tasks) =>
      !throttles.take('ecs:RunTask', region) || !throttles.take('FargateLaunch', region, tasks),
  });
  const states: States = createStates({
    clock,
    accountId: account,
    ...hooks,
    authority: iam,
    throttles,
    invokeLambda: invokeForStates(lambda, iam, account),
    callDynamo: dynamoForStates(dynamo, iam),
    onStatusChange: ({ region, source, 'detail-type': type, detail, resources }) => {
      events.putEvent(region, { source, 'detail-type': type, detail, resources });
    },
  });
  const mappings = createMappings({
    clock,
    invoke: lambda.invoke,
    authorizeRole: iam.authorizeRole,
    sendToQueue: queues.send,
    log,
  });
  return { iam, lambda, ecs, events, states, s3, dynamo, secrets, queues, mappings };
}
