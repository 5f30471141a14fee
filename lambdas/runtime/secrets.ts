import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { TankerError } from '@tanker/contract/index.ts';
import { secretsClient } from './clients/secrets-manager.ts';

/** A bearer token that can be read again when the other side refuses it. */
export interface Bearer {
  token(): Promise<string>;
  /** Reads the secret anew, once for all callers that were refused with the same token. */
  renew(refused: string): Promise<string>;
}

const cache = new Map<string, Promise<string>>();

/** The secret of that name in that region, kept for the life of the execution environment. */
export function bearerSecret(region: string, name: string): Bearer {
  const key = `${region}/${name}`;
  const read = () => {
    const value = fetchSecret(region, name);
    cache.set(key, value);
    value.catch(() => cache.delete(key));
    return value;
  };
  return {
    token: () => cache.get(key) ?? read(),
    async renew(refused) {
      const cached = cache.get(key);
      if (cached !== undefined && (await cached) !== refused) return cached;
      // Whoever waited beside this call may have begun to read meanwhile.
      const latest = cache.get(key);
      return latest === undefined || latest === cached ? read() : latest;
    },
  };
}

async function fetchSecret(region: string, name: string): Promise<string> {
  const answer = await secretsClient(region).send(new GetSecretValueCommand({ SecretId: name }));
  const token = answer.SecretString?.trim();
  if (token) return token;
  throw new TankerError('RequestUnauthorized', {
    what: `The secret ${name} in ${region} holds no text.`,
    now: 'The call was not sent.',
    next: 'Store the bearer token as the secret string.',
  });
}
