import { createHash, timingSafeEqual } from 'node:crypto';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A check of `Authorization: Bearer <token>` that takes equally long whatever the header holds. */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = hash(`Bearer ${token}`);
  return (authorization) => timingSafeEqual(hash(authorization ?? ''), expected);
}
