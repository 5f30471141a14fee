import { type ErrorText, TankerError } from '@tanker/contract/index.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** A mistake of whoever called, or of what lies around: told in three sentences, never with a stack trace. */
export class Mistake extends Error {
  override readonly name: string;
  readonly exitCode: ExitCode;
  readonly text: ErrorText;

  constructor(name: string, exitCode: ExitCode, text: ErrorText, options?: { cause?: unknown }) {
    super(`${text.what} ${text.now} ${text.next}`, options);
    this.name = name;
    this.exitCode = exitCode;
    this.text = text;
  }
}

/** A command line that can't be meant. */
export const usageMistake = (what: string, next: string): Mistake =>
  new Mistake('UsageWrong', EXIT.usage, { what, now: 'Nothing was touched.', next });

/** Codes of Node's network errors. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN', 'EPIPE']);
/** Names by which AWS says that something is not there. */
const NOT_DEPLOYED = new Set(['ResourceNotFoundException', 'StateMachineDoesNotExist']);
/** Names by which AWS and the SDK's credential chain refuse a caller. */
const REFUSED =
  /^(AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidClientTokenId|Credentials|Token)/;

const one = (text: string): string => `${text.trim().replace(/[.\s]+$/, '')}.`;

/** Anything that was thrown, as a mistake with its exit code. */
export function asMistake(error: unknown): Mistake {
  if (error instanceof Mistake) return error;
  if (error instanceof TankerError)
    return new Mistake(error.name, error.name === 'TaskUnknown' ? EXIT.unknown : EXIT.failed, error.text);
  const { name = 'Error', message = String(error), code = '' } = error as Partial<NodeJS.ErrnoException>;
  const cause = { cause: error };
  if (UNREACHABLE.has(code)) {
    const what = `The endpoint does not answer (${code}).`;
    const next = 'Check that the demo is still kept, or the network to AWS, and call again.';
    return new Mistake('EndpointUnreachable', EXIT.unreachable, { what, now: UNKNOWN, next }, cause);
  }
  if (NOT_DEPLOYED.has(name)) {
    const what = `AWS does not know what the topology names: ${one(message)}`;
    const next = 'Deploy the stacks of this topology, or name the right topology and account.';
    return new Mistake('InstallationMissing', EXIT.unreachable, { what, now: UNKNOWN, next }, cause);
  }
  if (REFUSED.test(name)) {
    const what = `AWS refused the call (${name}): ${one(message)}`;
    const next = 'Use credentials of the right account with that right, and call again.';
    return new Mistake('CallRefused', EXIT.unreachable, { what, now: UNKNOWN, next }, cause);
  }
  const what = `An unexpected failure (${name}): ${one(message)}`;
  const next = 'Call again; a task is started once however often it is asked for under one id.';
  return new Mistake(name, EXIT.failed, { what, now: UNKNOWN, next }, cause);
}

const UNKNOWN = 'What this call was to do may or may not have happened; tasks go on by themselves.';
