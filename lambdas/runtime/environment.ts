import { TankerError } from '@tanker/contract/index.ts';
import type { z } from 'zod';

/**
 * The function's environment by its schema.
 *
 * @throws InternalFailure that names each variable which is missing or malformed, never its value
 */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): z.infer<S> {
  const parsed = schema.safeParse(variables);
  if (parsed.success) return parsed.data;
  const names = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))];
  const told = names.map((name) => `${name} (${variables[name] === undefined ? 'missing' : 'malformed'})`);
  throw new TankerError('InternalFailure', {
    what: `The function's environment is wrong: ${told.join(', ')}.`,
    now: 'The function did nothing.',
    next: 'Deploy the stack again; it sets these variables.',
  });
}
