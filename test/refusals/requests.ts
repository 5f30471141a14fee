import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { bearerSecret } from '../../lambdas/runtime/secrets.ts';
import { OPERATOR, READER } from '../gateway/gateway-process.ts';
import { SOURCE as DB1 } from '../providers/fixtures/world.ts';
import { json } from '../runtime/http-world.ts';
import { httpContacts, httpGateway } from './http.ts';
import { callAt } from './provider-calls.ts';
import { area } from './refusal.ts';
import { CANARY } from './sentences.ts';
import { problemOf } from './told.ts';
import type { Worlds } from './worlds.ts';

export const ACME = '/tanker/v1/companies/acme';
const CLAIMANT = { task: 'move-1', epoch: 1, holder: 'move-1/move-1' };
const US = { state: 'home', location: { datacenter: 'us', server: 'db1' } };
const MARS = { datacenter: 'mars', server: 'db1' };

/** What the example gateway answers. */
const gatewayOn =
  (path: string, body?: unknown, token = OPERATOR) =>
  async ({ gateway }: Worlds): Promise<never> =>
    problemOf((await gateway()).ask(path, body, token));

export const BEARER = 'Bearer a-token-for-tests-only';
export const PROVIDER = '/tanker/v1/locations/eu/db1';
const FENCE = {
  'tanker-task': 'move-1',
  'tanker-epoch': '1',
  'tanker-holder': 'move-1/move-1',
  'tanker-incarnation': 'i1',
};

/** What a provider answers over HTTP. */
const providerOn =
  (path: string, init: RequestInit = {}, headers: Record<string, string> = FENCE) =>
  async ({ files }: Worlds): Promise<never> => {
    const { url } = await files();
    return problemOf(fetch(url + path, { ...init, headers: { authorization: BEARER, ...headers } }));
  };

const posting = (body: unknown): RequestInit => ({
  method: 'POST',
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const ORDER = { company: 'acme', location: { datacenter: 'eu', server: 'db1' }, version: 1, reason: 'law' };

/** A hook that takes the company's id for a number. */
const numbered =
  (company: string) =>
  async ({ crm }: Worlds): Promise<unknown> => {
    const { implementation } = (await crm()).provider;
    const call = await callAt(implementation, company, { server: DB1 });
    return implementation.hook(call, { name: 'after-undo', key: 'k', version: 1 });
  };

/** The secret of that name, which Secrets Manager answers so. */
async function secretOf(SecretString: string): Promise<string> {
  const mock = mockClient(SecretsManagerClient);
  try {
    mock.on(GetSecretValueCommand).resolves({ SecretString });
    return await bearerSecret('eu-west-1', 'of-nobody').token();
  } finally {
    mock.restore();
  }
}

export const REQUESTS = area({
  RequestUnauthorized: [
    {
      file: 'lambdas/runtime/secrets.ts',
      reasons: {
        'the secret holds no text': { names: ['of-nobody', 'eu-west-1'], provoke: () => secretOf(' ') },
      },
    },
    {
      file: 'lambdas/runtime/json-http.ts',
      reasons: {
        'a service refuses the token in words of its own': {
          names: ['contacts at eu/db1', '/seal', '401'],
          provoke: async ({ server }) =>
            (await httpContacts(server, json({ canary: 1 }, 401))).seal({
              task: 'move-1',
              epoch: 1,
              holder: 'move-1/move-1',
              incarnation: 'i1',
            }),
        },
      },
    },
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'the gateway does not know the token': {
          names: ['bearer token'],
          provoke: gatewayOn(ACME, undefined, CANARY),
        },
        "a reader's token is to change something": {
          names: ['bearer token'],
          provoke: gatewayOn(`${ACME}/claim`, CLAIMANT, READER),
        },
      },
    },
    {
      file: 'sdk/serve-provider.ts',
      reasons: {
        'a provider does not know the token': {
          names: ['bearer token'],
          provoke: providerOn(PROVIDER, {}, { authorization: `Bearer ${CANARY}` }),
        },
      },
    },
  ],
  RequestInvalid: [
    {
      file: 'contract/problem.ts',
      reasons: {
        'a service tells a problem without what is true and what to do': {
          names: ['No such field.'],
          async provoke({ server }) {
            const problem = {
              type: 'urn:tanker:RequestInvalid',
              title: 'x',
              status: 400,
              detail: 'No such field.',
            };
            return (await httpContacts(server, json(problem, 400))).drain();
          },
        },
      },
    },
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'the company id in a path of the gateway is none': {
          names: ['company id'],
          provoke: gatewayOn('/tanker/v1/companies/-acme'),
        },
        'a field of a body for the gateway is wrong': {
          names: ['epoch'],
          provoke: gatewayOn(`${ACME}/claim`, { ...CLAIMANT, epoch: CANARY }),
        },
        'a field of a body for the gateway is missing': {
          names: ['epoch: is missing'],
          provoke: gatewayOn(`${ACME}/claim`, { ...CLAIMANT, epoch: undefined }),
        },
        'a body for the gateway is no JSON': {
          names: ['body', 'no JSON'],
          provoke: gatewayOn(`${ACME}/claim`, `{"${CANARY}`),
        },
        'the holder is of another task': {
          names: ['move-1/move-1', 'move-2'],
          provoke: gatewayOn(`${ACME}/claim`, { ...CLAIMANT, task: 'move-2' }),
        },
        'a commit leads nowhere': {
          names: ['us/db1'],
          provoke: gatewayOn(`${ACME}/commit`, { ...CLAIMANT, grant: 1, version: 0, from: US, to: US }),
        },
      },
    },
    {
      file: 'sdk/provider-request.ts',
      reasons: {
        'the company id in a path is none': {
          names: ['path.company'],
          provoke: providerOn(`${PROVIDER}/companies/-acme/summary`),
        },
        'a field of a body is missing': {
          names: ['body.grant: is missing'],
          provoke: providerOn(`${PROVIDER}/companies/acme/exports`, posting({ grants: CANARY })),
        },
        'a body is no JSON': {
          names: ['body: not JSON'],
          provoke: providerOn(`${PROVIDER}/companies/acme/exports`, posting(`{"${CANARY}`)),
        },
        'a header of the fence is missing': {
          names: ['headers.tanker-epoch'],
          provoke: providerOn(`${PROVIDER}/companies/acme/seal`, posting({}), {}),
        },
      },
    },
    {
      file: 'sdk/provider-dispatch.ts',
      reasons: {
        'an erase names another company than its path': {
          names: ['erase', 'company or location'],
          provoke: providerOn(`${PROVIDER}/companies/other/erase`, posting(ORDER)),
        },
      },
    },
    {
      file: 'providers/postgres/transaction.ts',
      reasons: {
        'the store takes numbers for ids': {
          names: ['crm at eu/db1', 'no bigint', 'company id'],
          provoke: numbered('canary'),
        },
        'the store takes smaller numbers for ids': {
          names: ['crm at eu/db1', 'no bigint', 'company id'],
          provoke: numbered('9'.repeat(30)),
        },
      },
    },
  ],
  ResourceUnknown: [
    {
      file: 'providers/refusals.ts',
      reasons: {
        'the provider does not serve the location': {
          names: ['documents', 'eu/db9'],
          async provoke({ files }) {
            const { implementation } = await files();
            await callAt(implementation, 'acme', { server: 'db9' });
          },
        },
      },
    },
    {
      file: 'providers/refusals.ts',
      reasons: {
        'the provider has no such hook': {
          names: ['documents at eu/db1', 'after-remove'],
          async provoke({ files }) {
            const { implementation } = await files();
            const call = await callAt(implementation, 'hookless');
            await implementation.hook(call, { name: 'after-remove', key: 'k', version: 1 });
          },
        },
      },
    },
    {
      file: 'providers/export-session.ts',
      reasons: {
        'the export has no such part': {
          names: ['part 9'],
          async provoke({ files }) {
            const { implementation } = await files();
            const call = await callAt(implementation, 'short');
            const { export: id } = await implementation.exportBegin(call, { grant: 1 });
            await implementation.exportPart(call, { export: id, part: 9 });
          },
        },
      },
    },
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'the gateway has no route to the location': {
          names: ['mars/db1'],
          provoke: gatewayOn('/signup/acme', { location: MARS }),
        },
      },
    },
    {
      file: 'examples/gateway/api.ts',
      reasons: {
        'the gateway has no such path': { names: ['gateway'], provoke: gatewayOn('/tanker/v1/nothing') },
      },
    },
    {
      file: 'sdk/provider-request.ts',
      reasons: {
        'the contract has no such path': {
          names: ['path', 'method'],
          provoke: providerOn('/tanker/v1/nothing'),
        },
      },
    },
  ],
  GatewayUnreachable: [
    {
      file: 'lambdas/runtime/json-http.ts',
      reasons: {
        'something else answers as the gateway': {
          names: ['gateway', '/companies/acme', '404'],
          provoke: async ({ server }) => (await httpGateway(server, json({ canary: 1 }, 404))).read('acme'),
        },
      },
    },
  ],
});
