import { relative } from 'node:path';
import { type ErrorText, errorOfProblem, TankerError } from '@tanker/contract/index.ts';
import { Mistake } from '../../cli/mistakes.ts';
import { ROOT } from '../support/sources.ts';

/** How an error was told. */
export interface Told {
  readonly name: string;
  readonly text: ErrorText;
  /** What the execution and the record show. */
  readonly message: string;
  /** Where it was made, `file:line`, as far as the error itself came here. */
  readonly madeAt?: string;
}

/** A refusal as executions and records show it. */
interface Shown {
  readonly error: string;
  readonly cause: string;
}

/** Before these words a machine speaks for itself; what follows was told by what failed. */
const INNER = ' What failed: ';

/** The parts of a cause: its first sentence, its last, and those between. */
function textOf(cause: string): ErrorText {
  const [own = ''] = cause.split(INNER);
  const [what = '', ...rest] = own.split(/(?<=[.!?]) (?=[A-Z"])/);
  return { what, now: rest.slice(0, -1).join(' '), next: rest.at(-1) ?? '' };
}

const FRAME = /(?:\(|at )(?:file:\/\/)?([^()\s]+):(\d+):\d+\)?$/;

/** The line that made an error; undefined for one that came over HTTP, whose maker is not here. */
function madeAt({ stack = '' }: Error): string | undefined {
  for (const line of stack.split('\n')) {
    const [, file, number] = FRAME.exec(line) ?? [];
    if (file === undefined || file.endsWith('/contract/errors.ts')) continue;
    const path = relative(ROOT, file);
    return path === 'contract/problem.ts' ? undefined : `${path}:${number}`;
  }
  return undefined;
}

function toldOf(outcome: unknown): Told {
  if (outcome instanceof TankerError || outcome instanceof Mistake) {
    const { name, text, message } = outcome;
    const made = madeAt(outcome);
    return { name, text, message, ...(made ? { madeAt: made } : {}) };
  }
  const { error, cause, ...text } = (outcome ?? {}) as Partial<Shown & ErrorText>;
  if (error !== undefined && cause !== undefined) return { name: error, text: textOf(cause), message: cause };
  const { what, now, next } = text;
  if (error === undefined || what === undefined || now === undefined || next === undefined)
    throw new Error(`nothing was refused: ${outcome}`, { cause: outcome });
  return { name: error, text: { what, now, next }, message: `${what} ${now} ${next}` };
}

/** Provokes an error and answers how it was told. */
export async function toldBy(provoke: () => unknown): Promise<Told> {
  const outcome = await Promise.resolve()
    .then(provoke)
    .catch((thrown: unknown) => thrown);
  return toldOf(outcome);
}

/** Throws the error that an HTTP answer tells. */
export async function problemOf(answering: Response | Promise<Response>): Promise<never> {
  const answer: unknown = await (await answering).json();
  throw errorOfProblem(answer) ?? new Error(`no problem: ${JSON.stringify(answer)}`);
}
