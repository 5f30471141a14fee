import { z } from 'zod';
import type { Authority, Provider } from '../../core/ports.ts';
import { httpAuthority } from '../../lambdas/runtime/http-authority.ts';
import { httpProvider } from '../../lambdas/runtime/http-provider.ts';
import { type Call, callJson } from '../../lambdas/runtime/json-http.ts';
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

/** A call of the provider contacts that it never answers, with a twentieth of a second for it. */
export const unending =
  (call: Omit<Call, 'timeoutMs'>) =>
  async ({ server }: Worlds): Promise<unknown> => {
    const { url, answerWith } = await server();
    answerWith(() => undefined);
    const unreachable = 'ProviderUnreachable';
    const peer = { name: 'The provider contacts at eu/db1', base: url, bearer: BEARER, unreachable } as const;
    return callJson(peer, { ...call, timeoutMs: 50 }, z.any());
  };

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
