import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { DETAILS, type Detail } from '../../examples/gateway/answers.ts';
import { AuthorityStore } from '../../examples/gateway/authority-store.ts';
import { headerFault } from '../../examples/gateway/headers.ts';
import { gatewayProxy } from '../../examples/gateway/proxy.ts';
import { Traffic } from '../../examples/gateway/traffic.ts';
import { SOURCE, TARGET } from '../control/control-world.ts';
import { moveHome } from './asking.ts';
import type { Site } from './refusal.ts';
import type { Worlds } from './worlds.ts';

/** What a customer is told, by the name that it has. */
function toldTo(detail: unknown): { error: string; cause: string } {
  const [error = 'nothing'] = Object.entries(DETAILS).find(([, text]) => text === detail) ?? [];
  return { error, cause: String(detail) };
}

/** Node's own client: fetch would resolve the path. */
async function answerOf(port: number, path: string) {
  const sent = request({ host: '127.0.0.1', port, path, agent: false }).end();
  const [answer] = await once(sent, 'response');
  return toldTo(((await json(answer)) as { detail?: string }).detail);
}

/** The gateway's proxy: companies at home, moving, gone and where no route leads. */
export async function customers() {
  const store = new AuthorityStore(':memory:');
  for (const name of ['served', 'moving', 'gone']) store.signUp(name, SOURCE);
  store.signUp('astray', TARGET);
  moveHome({ store }, { company: 'gone', task: 'gone-1' }, { state: 'removed' });
  const claimant = { task: 'moving-1', epoch: 1, holder: 'moving-1/moving-1' };
  store.claim('moving', claimant);
  store.lock('moving', claimant, 600);
  const hangUp = createServer(({ socket }) => socket.destroy());
  const listen = async (server: typeof hangUp) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const routes = { 'us/db1': `http://127.0.0.1:${await listen(hangUp)}` };
  const proxy = gatewayProxy({ store, traffic: new Traffic(), routes });
  const server = createServer((incoming, response: ServerResponse) => proxy(incoming, response));
  const port = await listen(server);
  return {
    ask: (path: string) => answerOf(port, path),
    async close() {
      for (const one of [server, hangUp]) {
        one.closeAllConnections();
        await new Promise((resolve) => one.close(resolve));
      }
      store.close();
    },
  };
}

const asking =
  (path: string) =>
  async ({ customers: open }: Worlds): Promise<unknown> =>
    (await open()).ask(path);

/** Headers as only a client of its own sends them, or as Node's parser lets them through where it is told to. */
const headed =
  (headers: Record<string, string>, headersDistinct: Record<string, string[]> = {}) =>
  () =>
    toldTo(DETAILS[headerFault({ headers, headersDistinct })?.detail as Detail]);

const told = (title: string, provoke: (worlds: Worlds) => unknown): readonly Site[] => [
  { file: 'examples/gateway/answers.ts', reasons: { [title]: { names: [], provoke } } },
];

export const CUSTOMERS: Readonly<Record<Detail, readonly Site[]>> = {
  path: told('a path could be read as that of another company', asking('/c/served/%2e%2e/moving')),
  hosts: told('a request names two hosts', headed({}, { host: ['a', 'b'] })),
  lengths: told(
    'a request ends in two ways',
    headed({ 'content-length': '1', 'transfer-encoding': 'chunked' }),
  ),
  coding: told('a body is compressed on its way', headed({ 'transfer-encoding': 'gzip, chunked' })),
  unknown: told('a company never signed up', asking('/c/nobody/deals')),
  locked: told('a company is being moved', asking('/c/moving/deals')),
  left: told('a company was removed', asking('/c/gone/deals')),
  unreachable: told('no route leads to its home', asking('/c/astray/deals')),
  silent: told('its service ends the connection', asking('/c/served/deals')),
  failed: told('the gateway can not make the request', async ({ gateway }) => {
    const { ask } = await gateway();
    await ask('/signup/misrouted', { location: { datacenter: 'sg', server: 'db1' } });
    return toldTo(((await (await ask('/c/misrouted/deals')).json()) as { detail?: string }).detail);
  }),
};
