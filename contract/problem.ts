import { z } from 'zod';
import { ERRORS, type ErrorName, isErrorName, TankerError } from './errors.ts';

/** RFC 9457 problem details. `type` is `urn:tanker:<ErrorName>`; now and next are Tanker's extension members. */
export const Problem = z
  .object({
    type: z.string().meta({ example: 'urn:tanker:EpochStale' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'what was wrong' }),
    now: z.string().optional().meta({ description: 'what is true now' }),
    next: z.string().optional().meta({ description: 'what to do next' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });
export type Problem = z.infer<typeof Problem>;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
const PREFIX = 'urn:tanker:';

/** The problem that tells an error over HTTP. */
export const problemOf = (error: TankerError): Problem => ({
  type: `${PREFIX}${error.name}`,
  title: ERRORS[error.errorName].about,
  status: ERRORS[error.errorName].status,
  detail: error.text.what,
  now: error.text.now,
  next: error.text.next,
});

/** The error that an answered problem tells, or undefined when the body is no problem of this contract. */
export function errorOfProblem(body: unknown): TankerError | undefined {
  const parsed = Problem.safeParse(body);
  if (!parsed.success || !parsed.data.type.startsWith(PREFIX)) return undefined;
  const name = parsed.data.type.slice(PREFIX.length);
  if (!isErrorName(name)) return undefined;
  return new TankerError(name as ErrorName, {
    what: parsed.data.detail,
    now: parsed.data.now ?? 'Nothing else is known of the other side.',
    next: parsed.data.next ?? 'See the log of the service that answered.',
  });
}
