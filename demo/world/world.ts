import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatLocation, type Location, type TopologyInput } from '@tanker/contract/index.ts';
import { Client } from 'pg';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type Child, startChild } from './child.ts';
import type { CustomersConfig, CustomerTotals } from './customers.ts';
import { type Seeded, seedCompany } from './data.ts';
import type { DatacenterConfig } from './datacenter.ts';
import { choosePorts, type WorldPorts } from './ports.ts';
import { SERVICE_NAMES, type ServiceName, schemaSql } from './schema.ts';
import {
  type Annex,
  DATACENTER_KEYS,
  DATACENTERS,
  type DatacenterKey,
  newSecrets,
  OPERATOR_SECRET,
  providerSecret,
  READER_SECRET,
  worldTopology,
} from './topology.ts';

/** A company to sign up and seed before the world opens. */
export interface WorldCompany {
  readonly company: string;
  readonly rows: number;
  readonly datacenter: DatacenterKey;
}

export interface StartOptions {
  readonly companies: readonly WorldCompany[];
}

export interface ReservedWorld {
  /** For the synth of the stacks, which can run while the world starts. */
  readonly topology: TopologyInput;
  /** Bearer tokens by the name of their secret, the same in every region. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Starts everything. When it fails, what had been started is stopped. */
  start(options: StartOptions): Promise<World>;
}

export interface CustomersOptions {
  readonly companies: readonly string[];
  /** Of each company. Default 40 over 4 connections. */
  readonly writesPerSecond?: number;
  readonly connections?: number;
}

export interface Customers {
  /** The JSONL file of acknowledged writes. */
  readonly journal: string;
  /** As last reported, at most half a second old. */
  readonly totals: () => CustomerTotals;
  /** Lets the writes under way end. May be called twice. */
  stop(): Promise<CustomerTotals>;
}

export interface World {
  readonly topology: TopologyInput;
  readonly secrets: Readonly<Record<string, string>>;
  /** Connection string of each datacenter's database. */
  readonly databases: Readonly<Record<DatacenterKey, string>>;
  readonly gateway: { readonly url: string; readonly operatorToken: string; readonly readerToken: string };
  /** What was seeded at the start. */
  readonly seeded: readonly Seeded[];
  /** A new client of a datacenter's database; the caller ends it. */
  connect(datacenter: DatacenterKey): Promise<Client>;
  /** Signs a company up and seeds it while the world runs. */
  addCompany(company: WorldCompany): Promise<Seeded>;
  startCustomers(options: CustomersOptions): Promise<Customers>;
  stop(): Promise<void>;
}

/** The company of the demo, with this many rows unless asked otherwise, and its neighbours in both datacenters. */
export const DEMO_COMPANY = 'acme';
export const DEMO_ROWS = 200_000;
const NEIGHBOUR_ROWS = 500;
const NEIGHBOURS = { us: ['globex', 'initech'], eu: ['hooli', 'umbra'] } as const;

/** The companies of the demo: one big one in the US, two small ones in each datacenter. */
export const demoCompanies = (rows = DEMO_ROWS): readonly WorldCompany[] => [
  { company: DEMO_COMPANY, rows, datacenter: 'us' },
  ...DATACENTER_KEYS.flatMap((datacenter) =>
    NEIGHBOURS[datacenter].map((company) => ({ company, rows: NEIGHBOUR_ROWS, datacenter })),
  ),
];

export const locationOf = (datacenter: DatacenterKey): Location => ({
  datacenter,
  server: DATACENTERS[datacenter].server,
});

/**
 * Chooses ports and tokens; nothing runs yet. `world/` in the directory, which a former run may have left, becomes the
 * place of the processes' files: configuration, log, authority record and journals.
 */
export async function reserveWorld(options: {
  readonly directory: string;
  readonly annexes?: readonly Annex[];
  readonly transfer?: 'lambda' | 'fargate' | 'auto' | undefined;
}): Promise<ReservedWorld> {
  const ports = await choosePorts();
  const { annexes = [], transfer } = options;
  const topology = worldTopology(ports, annexes, transfer);
  const secrets = newSecrets();
  const directory = join(options.directory, 'world');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  return {
    topology,
    secrets,
    start: async ({ companies }) => {
      const running: { stop(): Promise<unknown> }[] = [];
      const stop = async () => {
        for (const each of running.splice(0).reverse()) await each.stop();
      };
      try {
        return await startParts({ directory, ports, annexes, topology, secrets, companies, running, stop });
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}

interface Parts {
  readonly directory: string;
  readonly ports: WorldPorts;
  readonly annexes: readonly Annex[];
  readonly topology: TopologyInput;
  readonly secrets: Readonly<Record<string, string>>;
  readonly companies: readonly WorldCompany[];
  /** Everything that must be stopped, in the order in which it was started. */
  readonly running: { stop(): Promise<unknown> }[];
  stop(): Promise<void>;
}

async function startParts(parts: Parts): Promise<World> {
  const { running, topology, secrets } = parts;
  const tokens = {
    operatorToken: secrets[OPERATOR_SECRET] as string,
    readerToken: secrets[READER_SECRET] as string,
  };
  const gateway = { url: topology.gateway.url, ...tokens };
  const [servers] = await allStarted([
    allStarted(DATACENTER_KEYS.map((key) => startDatabase(key, running))),
    startGatewayProcess(parts, tokens).then(() => []),
  ]);
  const databases = Object.fromEntries(
    DATACENTER_KEYS.map((key, index) => [key, servers?.[index]?.connectionString]),
  ) as Record<DatacenterKey, string>;

  const addCompany = async (company: WorldCompany): Promise<Seeded> => {
    await signUp(gateway, company);
    return withClient(databases[company.datacenter], (client) => seedCompany(client, company));
  };
  const seeded: Seeded[] = [];
  // Before the providers guard the tables: one COPY of a guarded table keeps all of its rows for the guard.
  for (const company of parts.companies) seeded.push(await addCompany(company));
  await allStarted(DATACENTER_KEYS.map((key) => startDatacenterProcess(parts, key, databases[key])));

  let customers = 0;
  return {
    topology,
    secrets,
    databases,
    gateway,
    seeded,
    connect: (datacenter) => connect(databases[datacenter]),
    addCompany,
    startCustomers: (options) => {
      customers += 1;
      return startCustomersProcess(parts, gateway.url, `customers-${customers}`, options);
    },
    stop: parts.stop,
  };
}

/** Waits for all, also when one fails: what starts late must be known to be stopped. */
async function allStarted<T>(starting: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

async function startDatabase(key: DatacenterKey, running: Parts['running']): Promise<PostgresServer> {
  const server = await startPostgres();
  running.push(server);
  await withClient(server.connectionString, (client) => client.query(schemaSql(DATACENTERS[key].firstId)));
  return server;
}

async function startGatewayProcess(
  { directory, ports, annexes, running }: Parts,
  tokens: { operatorToken: string; readerToken: string },
): Promise<void> {
  const child = await startChild({
    name: 'gateway',
    script: new URL('../../examples/gateway/main.ts', import.meta.url),
    directory,
    config: {
      port: ports.gateway,
      database: join(directory, 'authority.db'),
      ...tokens,
      routes: Object.fromEntries([
        ...DATACENTER_KEYS.map((key) => [
          formatLocation(locationOf(key)),
          `http://127.0.0.1:${ports[key].product}`,
        ]),
        ...annexes.flatMap(({ name, servers, url }) =>
          servers.map((server) => [formatLocation({ datacenter: name, server }), url]),
        ),
      ]),
    },
  });
  running.push(child);
}

async function startDatacenterProcess(
  { directory, ports, secrets, running }: Parts,
  datacenter: DatacenterKey,
  database: string,
): Promise<void> {
  const provider = (service: ServiceName) => ({
    port: ports[datacenter].providers[service],
    token: secrets[providerSecret(service)] as string,
  });
  const config: DatacenterConfig = {
    ...locationOf(datacenter),
    database,
    port: ports[datacenter].product,
    providers: Object.fromEntries(
      SERVICE_NAMES.map((service) => [service, provider(service)]),
    ) as DatacenterConfig['providers'],
  };
  const script = new URL('./datacenter.ts', import.meta.url);
  running.push(await startChild({ name: `datacenter-${datacenter}`, script, directory, config }));
}

const NO_TOTALS: CustomerTotals = {
  acknowledged: 0,
  refusedWhileLocked: 0,
  uncertain: 0,
  refused: {},
  largestGapMs: 0,
};

async function startCustomersProcess(
  { directory, running }: Parts,
  gateway: string,
  name: string,
  { companies, writesPerSecond = 40, connections = 4 }: CustomersOptions,
): Promise<Customers> {
  const run = `${name}-${Date.now().toString(36)}`;
  const config: CustomersConfig = {
    gateway,
    companies,
    writesPerSecond,
    connections,
    journal: join(directory, `${run}.jsonl`),
    run,
  };
  const script = new URL('./customers.ts', import.meta.url);
  const child: Child<object> = await startChild({ name, script, directory, config });
  let totals = NO_TOTALS;
  child.process.on('message', (message: { totals?: CustomerTotals }) => {
    totals = message.totals ?? totals;
  });
  const stop = async () => {
    await child.stop();
    return totals;
  };
  running.push({ stop });
  return { journal: config.journal, totals: () => totals, stop };
}

async function signUp(gateway: World['gateway'], { company, datacenter }: WorldCompany): Promise<void> {
  const response = await fetch(`${gateway.url}/signup/${company}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ location: locationOf(datacenter) }),
  });
  if (!response.ok) throw new Error(`The gateway did not sign ${company} up: ${await response.text()}`);
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(connectionString);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
