import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from '@jest/globals';
import { HOOKS } from '@tanker/contract/index.ts';
import { createFilesProvider, FileStore } from '../../providers/files/index.ts';
import { describeProvider } from '../../sdk/conformance/index.ts';
import { serveProvider } from '../../sdk/index.ts';

const token = 'a-token-for-tests-only';

const suite = describeProvider({
  make: async () => {
    const root = mkdtempSync(join(tmpdir(), 'tanker-files-'));
    const directory = (server: string) => join(root, server);
    const ran: string[] = [];
    const provider = createFilesProvider({
      name: 'documents',
      datacenter: 'eu',
      servers: { db1: { directory: directory('db1') }, db2: { directory: directory('db2') } },
      maxPartBytes: 40_000,
      hooks: Object.fromEntries(
        HOOKS.map((hook) => [
          hook,
          async ({ company, location }: { company: string; location: { server: string } }) =>
            void ran.push(`${location.server} ${company} ${hook}`),
        ]),
      ),
    });
    const stores: Record<string, FileStore> = {
      db1: new FileStore(directory('db1')),
      db2: new FileStore(directory('db2')),
    };
    const running = await serveProvider({
      implementation: provider.implementation,
      tokens: [token],
    }).listen();
    let changes = 0;
    return {
      ...{ url: running.url, token, datacenter: 'eu', source: 'db1', target: 'db2' },
      seed: async (company) => {
        const files = Array.from({ length: 9 }, (_, index) => ({
          path: `Verträge/${index} "final".txt`,
          contentType: 'text/plain',
          content: Buffer.alloc(index * 2500, `line ${index}\n`),
        }));
        return (await stores['db1']?.put(company, files))?.length ?? 0;
      },
      change: async (server, company) => {
        changes += 1;
        const path = `change-${changes}`;
        await stores[server]?.put(company, [{ path, contentType: 'text/plain', content: Buffer.from(path) }]);
      },
      unclaimed: async (server, company) => writeFileSync(join(directory(server), company, 'by-hand'), 'x'),
      hookRuns: async (server, company, hook) =>
        ran.filter((one) => one === `${server} ${company} ${hook}`).length,
      renewIncarnation: async () => void provider.renewIncarnation('db1'),
      close: async () => {
        await running.close();
        provider.close();
        for (const store of Object.values(stores)) store.close();
        rmSync(root, { recursive: true });
      },
    };
  },
});

afterAll(suite.close);
for (const { title, run } of suite.cases) test(title, run);
