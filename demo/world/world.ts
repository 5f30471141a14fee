import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatLocation, sameLocation, type TopologyInput } from '@tanker/contract/index.ts';
import { Client } from 'pg';
import { startPostgres } from '../postgres-server.ts';
import type { CustomersConfig, CustomerTotals } from './customers.ts';
import { type Seeded, seedCompany } from './data.ts';
import type { DatacenterConfig } from './datacenter.ts';
import { seedDocuments } from './documents.ts';
import { choosePorts, type WorldPorts } from './ports.ts';
import { Processes } from './processes.ts';
import type { ServerConfig } from './providers.ts';
import { PROVIDER_NAMES, type ProviderName, schemaSql } from './schema.ts';
import {
  type Annex,
  DATACENTER_KEYS,
  type DatacenterKey,
  firstIdAt,
  LOCATIONS,
  newSecrets,
  OPERATOR_SECRET,
  providerSecret,
  READER_SECRET,
  serversOf,
  type TopologyOptions,
  urlOf,
  type WorldLocation,
  worldTopology,
} from './topology.ts';

/** A company to sign up and seed before the world opens. */
export interface WorldCompany {
  readonly company: string;
  readonly rows: number;
  readonly datacenter: DatacenterKey;
  /** Default: the datacenter's first. */
  readonly server?: string;
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
  readonly gateway: { readonly url: string; readonly operatorToken: string; readonly readerToken: string };
  /** What was seeded at the start. */
  readonly seeded: readonly Seeded[];
  /** A new client of a server's database, by default of the datacenter's first server; the caller ends it. */
  connect(datacenter: DatacenterKey, server?: string): Promise<Client>;
  /** The directory of a server's documents. */
  filesOf(datacenter: DatacenterKey, server?: string): string;
  /** Signs a company up and seeds it while the world runs. */
  addCompany(company: WorldCompany): Promise<Seeded>;
  startCustomers(options: CustomersOptions): Promise<Customers>;
  /** Lets the dates of gateway, services, providers and customers be so far ahead of the machine's; PostgreSQL's stay. */
  followClock(offsetMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** The company of the demo, with this many rows unless asked otherwise, and its neighbours on every server. */
export const DEMO_COMPANY = 'acme';
export const DEMO_ROWS = 200_000;
const NEIGHBOUR_ROWS = 500;
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  'us/db1': ['globex', 'initech'],
  'us/db2': ['vehement'],
  'eu/db1': ['hooli', 'umbra'],
};

/** The companies of the demo: one big one in the US, and small ones on each server. */
export const demoCompanies = (rows = DEMO_ROWS): readonly WorldCompany[] => [
  { company: DEMO_COMPANY, rows, datacenter: 'us' },
  ...LOCATIONS.flatMap((at) =>
    (NEIGHBOURS[formatLocation(at)] ?? []).map((company) => ({ company, rows: NEIGHBOUR_ROWS, ...at })),
  ),
];

/** A server of a datacenter, by default its first. */
export const locationOf = (datacenter: DatacenterKey, server?: string): WorldLocation => ({
  datacenter,
  server: server ?? serversOf(datacenter)[0] ?? '',
});

/**
 * Chooses ports and tokens; nothing runs yet. `world/` in the directory, which a former run may have left, becomes the
 * place of the processes' files: configuration, log, authority record and journals.
 */
export async function reserveWorld(
  options: { readonly directory: string } & TopologyOptions,
): Promise<ReservedWorld> {
  const ports = await choosePorts();
  const { annexes = [] } = options;
  const topology = worldTopology(ports, options);
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
        const processes = new Processes();
        const parts = { directory, ports, annexes, topology, secrets, companies, processes, running, stop };
        return await startParts(parts);
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
  readonly processes: Processes;
  /** Everything that must be stopped, in the order in which it was started. */
  readonly running: { stop(): Promise<unknown> }[];
  stop(): Promise<void>;
}

async function startParts(parts: Parts): Promise<World> {
  const { topology, secrets, ports } = parts;
  const tokens = {
    operatorToken: secrets[OPERATOR_SECRET] as string,
    readerToken: secrets[READER_SECRET] as string,
  };
  const gateway = { url: urlOf(ports.gateway), ...tokens };
  const [servers] = await allStarted([
    allStarted(LOCATIONS.map((at) => startServer(parts, at))),
    startGatewayProcess(parts, tokens).then(() => []),
  ]);
  const serverAt = (at: WorldLocation): RunningServer => {
    const found = servers?.find(({ location }) => sameLocation(location, at));
    if (!found) throw new RangeError(`The world has no server ${formatLocation(at)}.`);
    return found;
  };

  const addCompany = async (company: WorldCompany): Promise<Seeded> => {
    const at = locationOf(company.datacenter, company.server);
    const { database, files } = serverAt(at);
    await signUp(gateway, company.company, at);
    const seeded = await withClient(database, (client) => seedCompany(client, company));
    await seedDocuments(files, company.company, company.rows);
    return seeded;
  };
  const seeded: Seeded[] = [];
  // Before the providers guard the tables: one COPY of a guarded table keeps all of its rows for the guard.
  for (const company of parts.companies) seeded.push(await addCompany(company));
  await allStarted(DATACENTER_KEYS.map((key) => startDatacenterProcess(parts, key, servers ?? [])));

  let customers = 0;
  return {
    topology,
    secrets,
    gateway,
    seeded,
    connect: (datacenter, server) => connect(serverAt(locationOf(datacenter, server)).database),
    filesOf: (datacenter, server) => serverAt(locationOf(datacenter, server)).files,
    addCompany,
    startCustomers: (options) => {
      customers += 1;
      return startCustomersProcess(parts, gateway.url, `customers-${customers}`, options);
    },
    followClock: (offsetMs) => parts.processes.followClock(offsetMs),
    stop: parts.stop,
  };
}

/** Waits for all, also when one fails: what starts late must be known to be stopped. */
async function allStarted<T>(starting: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

interface RunningServer extends ServerConfig {
  readonly location: WorldLocation;
}

/** A server's database, with the product's tables, and the directory for its documents. */
async function startServer({ directory, running }: Parts, location: WorldLocation): Promise<RunningServer> {
  const postgres = await startPostgres();
  running.push(postgres);
  const database = postgres.connectionString;
  await withClient(database, (client) => client.query(schemaSql(firstIdAt(location))));
  return { location, database, files: join(directory, `files-${location.datacenter}-${location.server}`) };
}

async function startGatewayProcess(
  { directory, ports, annexes, processes, running }: Parts,
  tokens: { operatorToken: string; readerToken: string },
): Promise<void> {
  const child = await processes.start({
    name: 'gateway',
    script: new URL('../../examples/gateway/main.ts', import.meta.url),
    directory,
    config: {
      port: ports.gateway,
      database: join(directory, 'authority.db'),
      ...tokens,
      routes: Object.fromEntries([
        ...LOCATIONS.map((at) => [
          formatLocation(at),
          `http://127.0.0.1:${ports[at.datacenter].product}/servers/${at.server}`,
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
  { directory, ports, processes, secrets, running }: Parts,
  datacenter: DatacenterKey,
  all: readonly RunningServer[],
): Promise<void> {
  const own = all.filter(({ location }) => location.datacenter === datacenter);
  const provider = (service: ProviderName) => ({
    port: ports[datacenter].providers[service],
    token: secrets[providerSecret(service)] as string,
  });
  const config: DatacenterConfig = {
    datacenter,
    servers: Object.fromEntries(
      own.map(({ location, database, files }) => [location.server, { database, files }]),
    ),
    port: ports[datacenter].product,
    providers: Object.fromEntries(
      PROVIDER_NAMES.map((service) => [service, provider(service)]),
    ) as DatacenterConfig['providers'],
  };
  const script = new URL('./datacenter.ts', import.meta.url);
  running.push(await processes.start({ name: `datacenter-${datacenter}`, script, directory, config }));
}

const NO_TOTALS: CustomerTotals = {
  acknowledged: 0,
  refusedWhileLocked: 0,
  uncertain: 0,
  refused: {},
  largestGapMs: 0,
};

async function startCustomersProcess(
  { directory, processes, running }: Parts,
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
  const child = await processes.start({ name, script, directory, config });
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

async function signUp(gateway: World['gateway'], company: string, location: WorldLocation): Promise<void> {
  const response = await fetch(`${gateway.url}/signup/${company}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ location }),
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
