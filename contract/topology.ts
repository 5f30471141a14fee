import { z } from 'zod';
import {
  MAP_CONCURRENCY_LIMIT,
  MAX_BACKUP_DAYS,
  MAX_DATACENTERS,
  MAX_LOCK_SECONDS,
  MAX_PROVIDER_LOCATIONS,
  MAX_PROVIDERS,
} from './limits.ts';
import { DatacenterName, ProviderName, ServerName } from './names.ts';

/** Every ARN of the stacks begins with `arn:aws:`; these regions are of other partitions, with accounts of their own. */
const OTHER_PARTITIONS = /^(cn|us-gov|[a-z]{2}-iso[a-z]?)-/;

const Region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-central-1')
  .refine((region) => !OTHER_PARTITIONS.test(region), {
    error:
      'an AWS region such as eu-central-1; those of China, GovCloud and the isolated partitions are not supported',
  });
const SecretName = z
  .string()
  .regex(/^[A-Za-z0-9/_+=.@-]{1,128}$/, 'a Secrets Manager name: 1 to 128 letters, digits or /_+=.@-');
const Jurisdiction = z.string().regex(/^[A-Z][A-Z0-9-]{1,15}$/, 'a jurisdiction in capitals such as EU');

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** HTTPS, since bearer tokens and customer data travel there; plain HTTP only on the machine itself. */
const Endpoint = z
  .url({ protocol: /^https?$/, error: 'an https:// URL', abort: true })
  .refine((url) => new URL(url).protocol === 'https:' || LOOPBACK.has(new URL(url).hostname), {
    error: 'an https:// URL (http:// is allowed on loopback only)',
  })
  .refine((url) => !url.endsWith('/'), { error: 'a URL without a slash at its end' });

/** As many as a function's or a task's network configuration takes. Sources: Lambda, VpcConfig; ECS, AwsVpcConfiguration. */
const MAX_SUBNETS = 16;
const MAX_SECURITY_GROUPS = 5;

const Vpc = z
  .object({
    vpcId: z.string().regex(/^vpc-[0-9a-f]{8,17}$/, 'a VPC id such as vpc-0a1b2c3d4e5f60718'),
    subnetIds: z
      .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'a subnet id such as subnet-0a1b2c3d4e5f60718'))
      .min(1)
      .max(MAX_SUBNETS),
    securityGroupIds: z
      .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'a security group id such as sg-0a1b2c3d4e5f60718'))
      .min(1)
      .max(MAX_SECURITY_GROUPS),
  })
  .strict();

const Datacenter = z
  .object({
    name: DatacenterName,
    region: Region,
    jurisdiction: Jurisdiction,
    servers: z.array(ServerName).min(1, 'at least one server'),
    /**
     * The agents' network, where providers are private. Without it the functions run outside a VPC, and the Fargate
     * tasks in public subnets that the datacenter's stack makes.
     */
    vpc: Vpc.optional(),
  })
  .strict();
export type Datacenter = z.infer<typeof Datacenter>;

const Provider = z
  .object({
    name: ProviderName,
    /** Base URL per datacenter; the contract's paths follow it. */
    endpoints: z.record(DatacenterName, Endpoint),
    /** Name of the secret with the bearer token, the same in every datacenter's region. */
    secret: SecretName,
    /** Providers that must have been imported before this one. */
    importAfter: z.array(ProviderName).default([]),
    /** Where its exports and imports run; `auto` takes Fargate for what a Lambda function would not end in its time. */
    transfer: z.enum(['lambda', 'fargate', 'auto']).default('auto'),
  })
  .strict();
export type TopologyProvider = z.infer<typeof Provider>;

const Shape = z
  .object({
    /** Prefix of every name in AWS: short, so that bucket names keep below 63 characters. */
    installation: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,15}$/, '2 to 16 lower-case letters, digits or "-", starting with a letter'),
    account: z.string().regex(/^\d{12}$/, 'an AWS account id of 12 digits'),
    controlRegion: Region,
    datacenters: z.array(Datacenter).min(1, 'at least one datacenter').max(MAX_DATACENTERS),
    gateway: z
      .object({
        url: Endpoint,
        /** Bearer token of the control functions, in the control region. */
        operatorSecret: SecretName,
        /** Bearer token that may only read, for the agents, in every datacenter's region. */
        readerSecret: SecretName,
      })
      .strict(),
    providers: z.array(Provider).min(1, 'at least one provider').max(MAX_PROVIDERS),
    /** From which jurisdiction to which data may move; inside one jurisdiction it always may. */
    residency: z.array(z.object({ from: Jurisdiction, to: Jurisdiction }).strict()).default([]),
    /** What a provider moves in a second until something was measured; the estimate of the lock window rests on it. */
    assumedBytesPerSecond: z.int().min(1),
    lockBudgetSeconds: z.int().min(10).max(MAX_LOCK_SECONDS),
    /** Days for which a migration's source is kept as the fallback copy. */
    graceDays: z.int().min(0).max(90),
    retention: z
      .object({
        /** Days until lifecycle removes a migration's exports. */
        transferDays: z.int().min(1).max(30),
        /** Days for which a backup may be restored, at most; the law's window for a removal. */
        backupDays: z.int().min(1).max(MAX_BACKUP_DAYS).default(30),
        /** Days for which logs and records of closed tasks are kept; not fewer than those of backups. */
        recordDays: z.literal([30, 60, 90, 180, 365, 400, 731], {
          error: 'one of 30, 60, 90, 180, 365, 400, 731',
        }),
      })
      .strict(),
    /** The processor of the Fargate tasks that transfer; their image is built for it when a datacenter is deployed. */
    fargate: z
      .object({ architecture: z.enum(['x86-64', 'arm64']).default('arm64') })
      .strict()
      .prefault({}),
    /** How many providers are worked on at once. */
    concurrency: z.object({ providers: z.int().min(1).max(MAP_CONCURRENCY_LIMIT) }).strict(),
    /** Who is told when an alarm rings. Without it the alarms are there and nobody hears them. */
    alarms: z
      .object({
        /** Each gets one mail from AWS for each region, and hears nothing before it has confirmed them. */
        emails: z.array(z.email('an e-mail address')).default([]),
        /** An on-call service's URLs; each confirms by itself, as SNS documents for HTTPS endpoints. */
        urls: z.array(z.url({ protocol: /^https$/, error: 'an https:// URL' })).default([]),
      })
      .strict()
      .optional(),
  })
  .strict();

type ShapeOutput = z.infer<typeof Shape>;
type Report = (path: (string | number)[], message: string) => void;

function checkUnique(
  values: readonly string[],
  path: (index: number) => (string | number)[],
  report: Report,
) {
  values.forEach((value, index) => {
    if (values.indexOf(value) < index) report(path(index), `"${value}" is there twice; names are unique`);
  });
}

/** The first cycle among the importAfter rules as a readable chain, or undefined. */
export function importCycle(rules: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of rules.get(name) ?? []) {
      const cycle = visit(next, [...trail, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of rules.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

function checkDatacenters(topology: ShapeOutput, report: Report) {
  checkUnique(
    topology.datacenters.map((d) => d.name),
    (i) => ['datacenters', i, 'name'],
    report,
  );
  topology.datacenters.forEach((datacenter, index) => {
    checkUnique(datacenter.servers, (i) => ['datacenters', index, 'servers', i], report);
  });
}

/** Names that would be there twice in AWS, or not allowed in the name of a bucket. */
function checkNames(topology: ShapeOutput, report: Report) {
  topology.datacenters.forEach(({ name }, index) => {
    if (name === 'control') {
      report(
        ['datacenters', index, 'name'],
        '"control" is the name of the control region\'s stack; take another',
      );
    }
    if (name.endsWith('-')) {
      report(
        ['datacenters', index, 'name'],
        `"${name}" ends its bucket's name; end it with a letter or digit`,
      );
    }
  });
  const { operatorSecret, readerSecret } = topology.gateway;
  if (operatorSecret === readerSecret) {
    report(
      ['gateway', 'readerSecret'],
      'the same as operatorSecret; agents may only read, so it is another token',
    );
  }
  topology.providers.forEach(({ secret }, index) => {
    if (secret === operatorSecret || secret === readerSecret) {
      report(
        ['providers', index, 'secret'],
        `"${secret}" is the gateway's; a provider has a token of its own`,
      );
    }
  });
}

/** Whoever looks at a backup that can be restored still finds the task that made it. */
function checkRetention({ retention }: ShapeOutput, report: Report) {
  const { backupDays, recordDays } = retention;
  if (recordDays >= backupDays) return;
  report(
    ['retention', 'recordDays'],
    `${recordDays}, fewer than the ${backupDays} days of backups; keep records at least as long`,
  );
}

function checkProviders(topology: ShapeOutput, report: Report) {
  const datacenters = topology.datacenters.map((d) => d.name);
  const providers = topology.providers.map((p) => p.name);
  checkUnique(providers, (i) => ['providers', i, 'name'], report);
  topology.providers.forEach((provider, index) => {
    for (const name of datacenters) {
      if (!(name in provider.endpoints)) {
        report(
          ['providers', index, 'endpoints', name],
          `missing; every datacenter needs one (${datacenters.join(', ')})`,
        );
      }
    }
    for (const name of Object.keys(provider.endpoints)) {
      if (!datacenters.includes(name)) {
        report(
          ['providers', index, 'endpoints', name],
          `no such datacenter; allowed are ${datacenters.join(', ')}`,
        );
      }
    }
    provider.importAfter.forEach((name, i) => {
      if (!providers.includes(name)) {
        report(
          ['providers', index, 'importAfter', i],
          `no provider "${name}"; allowed are ${providers.join(', ')}`,
        );
      }
    });
  });
  const pairs =
    topology.providers.length * topology.datacenters.reduce((sum, d) => sum + d.servers.length, 0);
  if (pairs > MAX_PROVIDER_LOCATIONS) {
    report(
      ['providers'],
      `${pairs} providers × locations; a removal can erase at ${MAX_PROVIDER_LOCATIONS} at most`,
    );
  }
  const cycle = importCycle(new Map(topology.providers.map((p) => [p.name, p.importAfter])));
  if (cycle) report(['providers'], `importAfter runs in a circle: ${cycle.join(' after ')}`);
}

function checkResidency(topology: ShapeOutput, report: Report) {
  const known = new Set(topology.datacenters.map((d) => d.jurisdiction));
  topology.residency.forEach((rule, index) => {
    for (const end of ['from', 'to'] as const) {
      if (!known.has(rule[end])) {
        report(
          ['residency', index, end],
          `no datacenter is in "${rule[end]}"; allowed are ${[...known].join(', ')}`,
        );
      }
    }
  });
}

/** The one file that a user edits: where things run, who the providers are, and what is allowed. */
export const Topology = Shape.check((context) => {
  const report: Report = (path, message) =>
    context.issues.push({ code: 'custom', input: context.value, path, message });
  checkDatacenters(context.value, report);
  checkNames(context.value, report);
  checkRetention(context.value, report);
  checkProviders(context.value, report);
  checkResidency(context.value, report);
});
export type Topology = z.infer<typeof Topology>;
export type TopologyInput = z.input<typeof Topology>;

/** Types a topology file while it is written; the check itself happens when it is read. */
export const defineTopology = (topology: TopologyInput): TopologyInput => topology;

/** Checks a topology. Throws one error that names each wrong field, what it holds and what is allowed. */
export function parseTopology(value: unknown, source: string): Topology {
  const parsed = Topology.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const field = issue.path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
      .join('');
    return `  ${field.replace(/^\./, '') || '(the file)'}: ${issue.message}`;
  });
  throw new Error(
    `The topology ${source} has ${lines.length} mistake(s); nothing was synthesized:\n${lines.join('\n')}`,
  );
}
