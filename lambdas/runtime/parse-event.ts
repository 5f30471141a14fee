import { mistakesOf, TankerError } from '@tanker/contract/index.ts';
import type { z } from 'zod';

/**
 * The event by its schema.
 *
 * @throws InputInvalid that names the fields and what is wrong with them, without what they hold
 */
export function parseEvent<S extends z.ZodType>(schema: S, event: unknown): z.infer<S> {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, code, message }) => ({
    path,
    message: code === 'unrecognized_keys' ? 'has fields that the schema does not know' : message,
  }));
  throw new TankerError('InputInvalid', {
    what: `The event does not match its schema: ${mistakesOf(issues, 'the event')}.`,
    now: 'The function did nothing.',
    next: 'Deploy every stack from the same version, or correct the caller.',
  });
}
