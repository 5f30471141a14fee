import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { Input, Session } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { Mistake } from './mistakes.ts';
import { companyArgument } from './verbs/arguments.ts';

/** Options of the verbs that erase. */
export interface ConfirmOptions {
  /** The company's id once more. */
  readonly yes?: string;
  /** Nothing is erased then, so nothing has to be confirmed. */
  readonly dryRun?: true;
}

export const confirmOption = (command: Command): Command =>
  command.option(
    '--yes <company>',
    "the company's id once more, instead of typing it when asked: for scripts",
    companyArgument,
  );

/** For a verb's help. */
export const CONFIRM_USAGE =
  "the command line or the topology is wrong, or the company's id was not repeated; nothing was touched";

const notConfirmed = (what: string, next: string): Mistake =>
  new Mistake('NotConfirmed', EXIT.usage, { what, now: 'Nothing was touched.', next });

/** The first line that is typed, or undefined at the end of input. Ctrl-C ends the process as everywhere. */
async function readLine(input: Input): Promise<string | undefined> {
  const lines = createInterface({ input, terminal: false });
  try {
    for await (const line of lines) return line.trim();
    return undefined;
  } finally {
    lines.close();
  }
}

/**
 * Goes on only if the company's id was repeated: by --yes, or typed in the terminal after being told what is to happen.
 *
 * @param warning what is to happen, in whole sentences
 * @throws Mistake NotConfirmed; nothing was touched then
 */
export async function confirmCompany(
  { context }: Session,
  company: string,
  { yes, dryRun }: ConfirmOptions,
  warning: string,
): Promise<void> {
  if (yes === company || (dryRun && yes === undefined)) return;
  if (yes !== undefined) {
    throw notConfirmed(
      `--yes names "${yes}", and the company is "${company}".`,
      `Look which one is meant; to go on with ${company}, give --yes ${company}.`,
    );
  }
  if (!context.in?.isTTY) {
    throw notConfirmed(
      'This erases data, and there is no terminal to ask in.',
      `Repeat the company's id to go on: --yes ${company}.`,
    );
  }
  context.err.write(`${warning}\nType the company's id to go on: `);
  const typed = await readLine(context.in);
  if (typed === company) return;
  if (typed === undefined) context.err.write('\n');
  throw notConfirmed(
    typed ? `"${typed}" was typed, and the company is "${company}".` : 'No company id was typed.',
    'Call again, and type the id of the company that is meant.',
  );
}
