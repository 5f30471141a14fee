import { createServer, type Server } from 'node:net';
import { PROVIDER_NAMES, type ProviderName } from './schema.ts';

export interface DatacenterPorts {
  readonly product: number;
  readonly providers: Readonly<Record<ProviderName, number>>;
}

export interface WorldPorts {
  readonly gateway: number;
  readonly us: DatacenterPorts;
  readonly eu: DatacenterPorts;
}

/**
 * Below the range from which Linux takes the ports of outgoing connections (32768 and up), so that a port which was
 * chosen before its process starts isn't taken meanwhile.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

async function reservePort(taken: Set<number>): Promise<{ port: number; probe: Server }> {
  const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
  const probe = createServer();
  const free =
    !taken.has(port) &&
    (await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    }));
  if (!free) return reservePort(taken);
  taken.add(port);
  return { port, probe };
}

/** Chooses free ports on loopback for every process of a world. */
export async function choosePorts(): Promise<WorldPorts> {
  const taken = new Set<number>();
  const probes: Server[] = [];
  const next = async (): Promise<number> => {
    const { port, probe } = await reservePort(taken);
    probes.push(probe);
    return port;
  };
  const datacenter = async (): Promise<DatacenterPorts> => {
    const product = await next();
    const providers: Partial<Record<ProviderName, number>> = {};
    for (const service of PROVIDER_NAMES) providers[service] = await next();
    return { product, providers: providers as Record<ProviderName, number> };
  };
  const ports = { gateway: await next(), us: await datacenter(), eu: await datacenter() };
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}
