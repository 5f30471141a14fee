import type { Authority, Provider } from '../../core/ports.ts';
import { httpAuthority } from '../../lambdas/runtime/http-authority.ts';
import { httpProvider } from '../../lambdas/runtime/http-provider.ts';
import type { Bearer } from '../../lambdas/runtime/secrets.ts';
import type { Answer } from '../runtime/http-world.ts';
import { CANARY } from './sentences.ts';
import type { Worlds } from './worlds.ts';

const BEARER: Bearer = { token: async () => `${CANARY}-1`, renew: async () => `${CANARY}-2` };

/** The provider contacts over HTTP, which gives this answer. */
export async function httpContacts(server: Worlds['server'], answer: Answer): Promise<Provider> {
  const { url, answerWith } = await server();
  answerWith(answer);
  return httpProvider({
    provider: { name: 'contacts', endpoints: { eu: url }, secret: 's', importAfter: [], transfer: 'auto' },
    location: { datacenter: 'eu', server: 'db1' },
    company: 'acme',
    bearer: BEARER,
  });
}

/** A gateway over HTTP, which gives this answer. */
export async function httpGateway(server: Worlds['server'], answer: Answer): Promise<Authority> {
  const { url, answerWith } = await server();
  answerWith(answer);
  return httpAuthority({
    name: 'The gateway',
    base: url,
    bearer: BEARER,
    unreachable: 'GatewayUnreachable',
  });
}
