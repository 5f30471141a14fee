import type { Command } from 'commander';
import { CONFIRM_USAGE, type ConfirmOptions, confirmCompany, confirmOption } from '../confirming.ts';
import { type Context, runVerb } from '../context.ts';
import { exitHelp } from '../exit-codes.ts';
import { asked, type StartOptions, startAsAsked, startOptions } from '../starting.ts';
import { checkTarget, companyArgument, type Target, targetArgument, targetText } from './arguments.ts';

interface CleanupOptions extends StartOptions, ConfirmOptions {
  readonly at: Target;
  readonly early?: true;
  readonly acceptChanges?: true;
}

export function addCleanup(program: Command, context: Context): void {
  const command = program
    .command('cleanup')
    .summary('erase what a move or a failed erase has left at a location')
    .description(
      "Starts the cleanup of a company at a location that is not its home: the fallback copy that a move has left there, once its grace days are over, or what earlier tasks could not erase. The sweeper does the same by itself when it is due. In a terminal the company's id has to be typed first.",
    )
    .argument('<company>', 'the company id', companyArgument)
    .requiredOption(
      '--at <location>',
      'DATACENTER, or DATACENTER/SERVER where it has several (required)',
      targetArgument,
    )
    .option('--early', 'give the fallback copy up before its grace days are over')
    .option(
      '--accept-changes',
      'give it up though somebody wrote there since the move, and nobody needs that',
    );
  startOptions(confirmOption(command), 'cleanup')
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'started; with --watch: cleaned, nothing is left there; with --dry-run: planned',
        failed: 'refused, undone or not all erased, as far as it was waited for; or the task id is taken',
        usage: CONFIRM_USAGE,
      })}

Examples:
  tanker cleanup acme --at us --dry-run
  tanker cleanup acme --at us/db1 --early --watch --reason "moves back, ticket 4711"`,
    )
    .action((company: string, options: CleanupOptions) =>
      runVerb(context, options, async (session) => {
        checkTarget(session.clients.topology, options.at);
        await confirmCompany(session, company, options, warningOf(company, options));
        const input = {
          ...asked('cleanup', company, options),
          at: options.at,
          ...(options.early ? { early: true as const } : {}),
          ...(options.acceptChanges ? { acceptChanges: true as const } : {}),
        };
        return startAsAsked(session, 'cleanup', input, options);
      }),
    );
}

/** What a person is told before the company's id has to be typed. */
function warningOf(company: string, { at, early, acceptChanges }: CleanupOptions): string {
  return [
    `What a move or a failed erase has left of ${company} at ${targetText(at)} is erased.`,
    early ? 'A fallback copy is given up before its grace days are over.' : '',
    acceptChanges ? 'What somebody wrote there since the move is erased too, and stands nowhere else.' : '',
  ]
    .filter(Boolean)
    .join(' ');
}
