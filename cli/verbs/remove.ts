import type { Topology } from '@tanker/contract/index.ts';
import { countText } from '@tanker/sdk/text.ts';
import { type Command, Option } from 'commander';
import { CONFIRM_USAGE, type ConfirmOptions, confirmCompany, confirmOption } from '../confirming.ts';
import { type Context, runVerb } from '../context.ts';
import { exitHelp } from '../exit-codes.ts';
import { asked, type StartOptions, startAsAsked, startOptions } from '../starting.ts';
import { checkKeepDays, companyArgument, daysArgument } from './arguments.ts';

interface RemoveOptions extends StartOptions, ConfirmOptions {
  readonly keepDays?: number;
  readonly final?: true;
}

export function addRemove(program: Command, context: Context): void {
  const command = program
    .command('remove')
    .summary('remove a company everywhere, and keep a backup for a while')
    .description(
      "Starts the removal of a company: a verified backup, then everything of the company is erased at every location of the topology. Until the backup expires the company can be restored; with --final it never can. A company that was removed before is erased for good by --final, which ends its backups. In a terminal the company's id has to be typed first.",
    )
    .argument('<company>', 'the company id', companyArgument)
    .option(
      '--keep-days <days>',
      'for how long its backup may be restored (default and most: retention.backupDays of the topology; 0: not at all)',
      daysArgument,
    )
    .addOption(
      new Option(
        '--final',
        'erase for good: no backup of the company, also no older one, can be restored',
      ).conflicts('keepDays'),
    );
  startOptions(confirmOption(command), 'remove')
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'started; with --watch: removed, nothing is left anywhere; with --dry-run: planned',
        failed: 'refused or undone, as far as it was waited for; or the task id is taken',
        usage: CONFIRM_USAGE,
      })}

Examples:
  tanker remove acme --dry-run
  tanker remove acme --watch --reason "contract ended, ticket 4711"
  tanker remove acme --final --yes acme`,
    )
    .action((company: string, options: RemoveOptions) =>
      runVerb(context, options, async (session) => {
        const { topology } = session.clients;
        const keepDays = checkKeepDays(topology, options.keepDays);
        await confirmCompany(session, company, options, warningOf(topology, company, options));
        const input = {
          ...asked('remove', company, options),
          ...keepDays,
          ...(options.final ? { final: true as const } : {}),
        };
        return startAsAsked(session, 'remove', input, options);
      }),
    );
}

/** What a person is told before the company's id has to be typed. */
function warningOf({ installation, retention }: Topology, company: string, options: RemoveOptions): string {
  const { final, keepDays = retention.backupDays } = options;
  const gone = `Everything of ${company} is erased at every location of ${installation}.`;
  if (final)
    return `${gone} For good: no backup of ${company}, also no older one, can be restored afterwards.`;
  if (keepDays === 0) return `${gone} Its backup can't be restored.`;
  return `${gone} It can be restored from its backup for ${countText(keepDays, 'day')}.`;
}
