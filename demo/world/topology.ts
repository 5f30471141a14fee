import { randomBytes } from 'node:crypto';
import type { Location, TopologyInput } from '@tanker/contract/index.ts';
import type { WorldPorts } from './ports.ts';
import { PROVIDER_NAMES, type ProviderName } from './schema.ts';

/** Where Northwind CRM runs. `firstId` makes the ids of the servers different (ID_STEP in schema.ts). */
export const DATACENTERS = {
  us: { region: 'us-east-1', jurisdiction: 'US', servers: { db1: { firstId: 1 }, db2: { firstId: 3 } } },
  eu: { region: 'eu-central-1', jurisdiction: 'EU', servers: { db1: { firstId: 2 } } },
} as const;
export type DatacenterKey = keyof typeof DATACENTERS;
export const DATACENTER_KEYS = Object.keys(DATACENTERS) as DatacenterKey[];

export const serversOf = (datacenter: DatacenterKey): readonly string[] =>
  Object.keys(DATACENTERS[datacenter].servers);

/** Every server of every datacenter. */
export const LOCATIONS: readonly WorldLocation[] = DATACENTER_KEYS.flatMap((datacenter) =>
  serversOf(datacenter).map((server) => ({ datacenter, server })),
);

export interface WorldLocation extends Location {
  readonly datacenter: DatacenterKey;
}

/** The first id of a location's sequences. */
export const firstIdAt = ({ datacenter, server }: WorldLocation): number =>
  (DATACENTERS[datacenter].servers as Readonly<Record<string, { firstId: number }>>)[server]?.firstId ?? 0;

/** Which services' rows refer to rows of others. */
export const IMPORT_AFTER: Readonly<Partial<Record<ProviderName, readonly ProviderName[]>>> = {
  deals: ['contacts'],
  activities: ['contacts'],
};

export const OPERATOR_SECRET = 'tanker/gateway-operator';
export const READER_SECRET = 'tanker/gateway-reader';
export const providerSecret = (service: ProviderName): string => `northwind/${service}`;

/** A datacenter that the world does not run: somebody else serves its providers, each below `<url>/<service>`. */
export interface Annex {
  readonly name: string;
  readonly region: string;
  readonly jurisdiction: string;
  readonly servers: readonly string[];
  readonly url: string;
}

/** 24 octets are 192 bits, in 32 characters. */
const newToken = (): string => randomBytes(24).toString('base64url');

/** A new bearer token for each secret of the world, by the secret's name. */
export const newSecrets = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [OPERATOR_SECRET, READER_SECRET, ...PROVIDER_NAMES.map(providerSecret)].map((name) => [name, newToken()]),
  );

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

export interface TopologyOptions {
  readonly annexes?: readonly Annex[] | undefined;
  /** The services that Tanker knows of. Default: all. */
  readonly providers?: readonly ProviderName[] | undefined;
  /** Where exports and imports run, of all services or of each that is named. Default: what their size asks for. */
  readonly transfer?: Transfer | Readonly<Partial<Record<ProviderName, Transfer>>> | undefined;
  /** How many providers are worked on at once. Default: all. */
  readonly lanes?: number | undefined;
  /** The rate on which the choice of a transfer and the estimate of the lock rest. */
  readonly assumedBytesPerSecond?: number | undefined;
  /** Default: two minutes. */
  readonly lockBudgetSeconds?: number | undefined;
  /** Who stands between Tanker and a peer, `gateway` or `<datacenter>/<provider>`: answers the URL to call instead. */
  readonly front?: ((peer: string, url: string) => string) | undefined;
}
type Transfer = 'lambda' | 'fargate' | 'auto';

/** The topology of a world with these ports: two datacenters, a control region of its own, moves allowed both ways. */
export const worldTopology = (
  ports: WorldPorts,
  {
    annexes = [],
    providers = PROVIDER_NAMES,
    transfer = 'auto',
    lanes = PROVIDER_NAMES.length,
    assumedBytesPerSecond = 5_000_000,
    lockBudgetSeconds = 120,
    front = (_, url) => url,
  }: TopologyOptions = {},
): TopologyInput => ({
  installation: 'tanker',
  account: '123456789012',
  controlRegion: 'eu-west-1',
  datacenters: [
    ...DATACENTER_KEYS.map((name) => {
      const { region, jurisdiction } = DATACENTERS[name];
      return { name, region, jurisdiction, servers: [...serversOf(name)] };
    }),
    ...annexes.map(({ url: _, servers, ...annex }) => ({ ...annex, servers: [...servers] })),
  ],
  gateway: {
    url: front('gateway', urlOf(ports.gateway)),
    operatorSecret: OPERATOR_SECRET,
    readerSecret: READER_SECRET,
  },
  providers: providers.map((name) => ({
    name,
    endpoints: Object.fromEntries([
      ...DATACENTER_KEYS.map((key) => [key, front(`${key}/${name}`, urlOf(ports[key].providers[name]))]),
      ...annexes.map((annex) => [annex.name, `${annex.url}/${name}`]),
    ]),
    secret: providerSecret(name),
    importAfter: (IMPORT_AFTER[name] ?? []).filter((other) => providers.includes(other)),
    transfer: typeof transfer === 'string' ? transfer : transfer[name],
  })),
  residency: [
    { from: 'US', to: 'EU' },
    { from: 'EU', to: 'US' },
  ],
  assumedBytesPerSecond,
  lockBudgetSeconds,
  graceDays: 7,
  retention: { transferDays: 7, recordDays: 60 },
  concurrency: { providers: lanes },
});
