import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../../examples/gateway/gateway.ts';
import { createFilesProvider, FileStore } from '../../providers/files/index.ts';
import { serveProvider } from '../../sdk/index.ts';
import { cliWorld } from '../cli/cli-world.ts';
import { controlWorld, testTopology } from '../control/control-world.ts';
import { OPERATOR, READER } from '../gateway/gateway-process.ts';
import { startServer } from '../runtime/http-world.ts';
import { openCrm } from './crm.ts';
import { customers } from './customers.ts';

interface Closing {
  close(): unknown;
}

/** The example gateway over HTTP, in this process. */
async function gateway() {
  const routes = { 'us/db1': 'http://127.0.0.1:9', 'eu/db1': 'http://127.0.0.1:9', 'sg/db1': 'nowhere' };
  const config = { port: 0, database: ':memory:', operatorToken: OPERATOR, readerToken: READER, routes };
  const started = await startGateway(config, () => undefined);
  const ask = (path: string, body?: unknown, token = OPERATOR): Promise<Response> =>
    fetch(`http://127.0.0.1:${started.port}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { ask, close: started.stop };
}

/** A provider for files with a location of two servers, over HTTP and as its implementation. */
async function files() {
  const root = mkdtempSync(join(tmpdir(), 'tanker-refusals-'));
  const provider = createFilesProvider({
    name: 'documents',
    datacenter: 'eu',
    servers: { db1: { directory: join(root, 'db1') }, db2: { directory: join(root, 'db2') } },
  });
  await Promise.all(['db1', 'db2'].map((server) => provider.install(server)));
  const { implementation } = provider;
  const running = await serveProvider({ implementation, tokens: ['a-token-for-tests-only'] }).listen();
  const store = new FileStore(join(root, 'db1'));
  return {
    store,
    provider,
    implementation,
    url: running.url,
    async close() {
      await running.close();
      store.close();
      provider.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** The environment of a function of the datacenter us, with the topology that is bundled beside it. */
async function functions() {
  const directory = mkdtempSync(join(tmpdir(), 'tanker-refusals-'));
  writeFileSync(join(directory, 'topology.json'), JSON.stringify(testTopology()));
  const variables = {
    LAMBDA_TASK_ROOT: directory,
    TOPOLOGY_FILE: 'topology.json',
    POWERTOOLS_SERVICE_NAME: 'tanker',
    POWERTOOLS_METRICS_NAMESPACE: 'Tanker',
    DATACENTER: 'us',
  };
  Object.assign(process.env, variables);
  return {
    directory,
    close() {
      for (const name of Object.keys(variables)) delete process.env[name];
      rmSync(directory, { recursive: true });
    },
  };
}

/** The product's parts as other tests start them, each when it is first asked for and shared from then on. */
export function openWorlds() {
  const opened: Promise<Closing>[] = [];
  const once = <W extends Closing>(open: () => Promise<W>): (() => Promise<W>) => {
    let world: Promise<W> | undefined;
    return () => {
      if (world === undefined) {
        world = open();
        opened.push(world);
      }
      return world;
    };
  };
  return {
    control: once(() => controlWorld()),
    gateway: once(gateway),
    files: once(files),
    crm: once(openCrm),
    customers: once(customers),
    /** A server whose answers are set. */
    server: once(startServer),
    functions: once(functions),
    cli: once(cliWorld),
    async close() {
      for (const world of opened) await (await world).close();
    },
  };
}

export type Worlds = ReturnType<typeof openWorlds>;
