import { randomInt } from 'node:crypto';
import type { TaskOperation } from '@tanker/contract/index.ts';

/** A task id has at most 48 characters: `migrate-`, `restore-` or `cleanup-` (8), company (26), `-20261122` (9), `-ab12` (5). */
const COMPANY_CHARACTERS = 26;

/** 36^4 = 1.7 million ids for one company and day. */
const UNIQUE_CHARACTERS = 4;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A task id that people can read: what is done, to whom, on which day, and four characters that make it unique. */
export function newTaskId(
  what: TaskOperation | 'plan',
  company: string,
  now: Date,
  random: (below: number) => number = randomInt,
): string {
  const readable = company
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, COMPANY_CHARACTERS)
    .replace(/-$/, '');
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  const unique = Array.from({ length: UNIQUE_CHARACTERS }, () => ALPHABET[random(ALPHABET.length)]).join('');
  return `${what}-${readable}-${day}-${unique}`;
}
