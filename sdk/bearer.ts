import { createHash, timingSafeEqual } from 'node:crypto';

/** Shorter tokens can be guessed: 16 characters of base64 are 96 bits. */
export const MIN_TOKEN_CHARACTERS = 16;

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * Checks `Authorization: Bearer <token>` against the accepted tokens in constant time: hashes of equal length are
 * compared, and all of them, so neither a token's length nor its place shows. Several tokens allow a rotation.
 */
export function bearerCheck(tokens: readonly string[]): (header: string | undefined) => boolean {
  if (tokens.length === 0) throw new Error('No bearer token is accepted: name at least one in `tokens`.');
  if (tokens.some((token) => token.length < MIN_TOKEN_CHARACTERS)) {
    throw new Error(`A bearer token is too short: it needs at least ${MIN_TOKEN_CHARACTERS} characters.`);
  }
  const accepted = tokens.map(digest);
  return (header) => {
    const token = /^Bearer +([^ ]+)$/i.exec(header ?? '')?.[1];
    if (token === undefined) return false;
    const given = digest(token);
    return accepted.filter((one) => timingSafeEqual(one, given)).length > 0;
  };
}
