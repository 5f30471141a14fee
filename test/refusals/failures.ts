import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentEnvironment } from '@tanker/contract/index.ts';
import { serveProvider } from '@tanker/sdk/index.ts';
import { z } from 'zod';
import type { AuthorityStore } from '../../examples/gateway/authority-store.ts';
import { DynamoClaims } from '../../lambdas/runtime/dynamo-claims.ts';
import { readEnvironment } from '../../lambdas/runtime/environment.ts';
import { controlHandler } from '../../lambdas/runtime/middleware.ts';
import { s3Exports } from '../../lambdas/runtime/s3-exports.ts';
import { OPERATOR } from '../gateway/gateway-process.ts';
import { apiOn } from './lock.ts';
import { CONTEXT } from './plan-input.ts';
import { area } from './refusal.ts';
import { ACME, BEARER, PROVIDER } from './requests.ts';
import { CANARY } from './sentences.ts';
import { problemOf } from './told.ts';
import { breakingOff, importing, type Target } from './transfers.ts';
import type { Worlds } from './worlds.ts';

/** A provider whose implementation fails with an error of its own. */
async function defective({ files }: Worlds): Promise<never> {
  const { implementation } = await files();
  const broken = { ...implementation, describe: () => Promise.reject(new Error(CANARY)) };
  const server = serveProvider({ implementation: broken, tokens: ['a-token-for-tests-only'] });
  const { url, close } = await server.listen();
  try {
    return await problemOf(fetch(url + PROVIDER, { headers: { authorization: BEARER } }));
  } finally {
    await close();
  }
}

/** A gateway whose store fails. */
async function storeless(): Promise<never> {
  const store = {
    read: () => {
      throw new Error(CANARY);
    },
  } as unknown as AuthorityStore;
  const headers = { authorization: `Bearer ${OPERATOR}` };
  return problemOf(apiOn(store).request(ACME, { headers }));
}

/** A topology file that a function can't use, read as by a function that has read none. */
const topologyIn =
  (name: string, content?: string) =>
  async ({ functions }: Worlds): Promise<unknown> => {
    const { directory } = await functions();
    if (content !== undefined) writeFileSync(join(directory, name), content);
    const file = process.env['TOPOLOGY_FILE'];
    process.env['TOPOLOGY_FILE'] = name;
    try {
      const fresh = `../../lambdas/runtime/topology.ts?${name}`;
      return ((await import(fresh)) as { loadTopology(): unknown }).loadTopology();
    } finally {
      process.env['TOPOLOGY_FILE'] = file;
    }
  };

/** A row that somebody else always changes first. */
const contended = (held: object | undefined) =>
  new DynamoClaims({ get: async () => held, put: async () => false } as never, () => new Date());

const HELD = { state: 'held', company: 'torn', task: 'torn-1', epoch: 1, holder: 'torn-1/torn-1' };

/** Lets S3 break off in the middle of the part. */
const brokenOff = (_target: Target, { exports }: Target): undefined => {
  const get = exports.get.bind(exports);
  exports.get = async (key, etag) => (key.includes('part') ? breakingOff() : get(key, etag));
};

/** S3 as it answers a deletion that it refuses. */
function undeletable(): Promise<unknown> {
  const page = { Uploads: [], Contents: [{ Key: 'exports/acme/move-1/m.json' }] };
  const send = async () => ({ ...page, Errors: [{ Code: 'AccessDenied' }] });
  return s3Exports({ send } as never, 'bucket').discard('exports/acme/');
}

/** A file whose store is started anew while it is written. */
async function swept({ files }: Worlds): Promise<unknown> {
  const { store, provider } = await files();
  async function* content() {
    yield Buffer.from(CANARY);
    await provider.install('db1');
    yield Buffer.from(CANARY);
  }
  return store.put('swept', [{ path: 'a.txt', contentType: 'text/plain', content: content() }]);
}

export const FAILURES = area({
  InternalFailure: [
    {
      file: 'lambdas/runtime/middleware.ts',
      reasons: {
        'a function fails with an error without a name of the contract': {
          names: ['SyntaxError'],
          provoke: () => controlHandler(z.any(), () => Promise.reject(new SyntaxError(CANARY)))({}, CONTEXT),
        },
      },
    },
    {
      file: 'lambdas/runtime/dynamo-claims.ts',
      reasons: {
        'a company can not be taken': {
          names: ['"torn"', 'taken'],
          provoke: () =>
            contended(undefined).take({ company: 'torn', task: 'torn-1', holder: 'h', reported: 0 }),
        },
        'a company can not be released': {
          names: ['"torn"', 'released'],
          provoke: () => contended(HELD).release('torn', 'torn-1'),
        },
      },
    },
    {
      file: 'lambdas/runtime/environment.ts',
      reasons: {
        'a variable of the function is missing': {
          names: ['DATACENTER (malformed)', 'TOPOLOGY_FILE (missing)'],
          provoke: () => readEnvironment(AgentEnvironment, { DATACENTER: `${CANARY}!` }),
        },
      },
    },
    {
      file: 'lambdas/runtime/topology.ts',
      reasons: {
        'the topology file is not there': {
          names: ['absent.json', 'ENOENT'],
          provoke: topologyIn('absent.json'),
        },
        'the topology file is none': {
          names: ['wrong.json', 'installation: is missing'],
          provoke: topologyIn('wrong.json', '{}'),
        },
      },
    },
    {
      file: 'lambdas/runtime/s3-errors.ts',
      reasons: {
        'S3 deletes only some of the objects': {
          names: ['1 of 1 objects', 'exports/acme/', 'AccessDenied'],
          provoke: undeletable,
        },
      },
    },
    {
      file: 'core/transfer/import-part.ts',
      reasons: {
        "S3's stream of a part breaks off": {
          names: ['contacts/e3-a1/part-00000', 'ECONNRESET'],
          provoke: importing(brokenOff),
        },
      },
    },
    {
      file: 'providers/files/store.ts',
      reasons: {
        'a file is written while the store starts anew': { names: ['store', 'file'], provoke: swept },
      },
    },
    {
      file: 'examples/gateway/api.ts',
      reasons: { 'the gateway fails': { names: ['gateway'], provoke: storeless } },
    },
    {
      file: 'sdk/serve-provider.ts',
      reasons: { 'a provider fails': { names: ['provider'], provoke: defective } },
    },
  ],
});
