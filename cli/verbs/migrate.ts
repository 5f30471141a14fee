import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatLocation, type MigrateInput, MigrateOutput, type Plan } from '@tanker/contract/index.ts';
import { startMigration } from '@tanker/sdk/start-task.ts';
import { bytesText, textTable, wholeNumber } from '@tanker/sdk/text.ts';
import type { Command } from 'commander';
import { describeMigration, type ExecutionState, migrateExecutions } from '../aws/executions.ts';
import {
  type CommonOptions,
  type Context,
  commonOptions,
  outcomeExit,
  runVerb,
  type Session,
} from '../context.ts';
import { EXIT, type ExitCode, exitHelp } from '../exit-codes.ts';
import { newTaskId } from '../task-id.ts';
import { endText, watchUntilClosed } from '../watching.ts';
import {
  checkTarget,
  companyArgument,
  type Target,
  targetArgument,
  taskArgument,
  textArgument,
} from './arguments.ts';

interface MigrateOptions extends CommonOptions {
  readonly to: Target;
  readonly dryRun?: true;
  readonly watch?: true;
  readonly task?: string;
  readonly reason: string;
  readonly requestedBy: string;
}

/** A user without a name, as in some containers, is no reason to fail. */
function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    return 'a user without a name';
  }
}

/** Between two looks at a dry run, which takes a few seconds. */
const LOOK_EVERY_MS = 300;

export function addMigrate(program: Command, context: Context): void {
  const command = program
    .command('migrate')
    .summary('move a company to another location')
    .description(
      'Starts the migration of a company. The task goes on by itself; the same task id with the same words is the same task, started once.',
    )
    .argument('<company>', 'the company id', companyArgument)
    .requiredOption(
      '--to <location>',
      'DATACENTER, or DATACENTER/SERVER where it has several',
      targetArgument,
    )
    .option('--dry-run', 'check and plan only: the same refusals, no claim, no lock; prints the plan')
    .option('--watch', 'show the task until it is closed')
    .option('--task <id>', 'the task id (default: migrate-COMPANY-DAY-xxxx)', taskArgument)
    .option('--reason <text>', 'why; it stands on the record', textArgument(200), 'no reason given')
    .option('--requested-by <who>', 'who; it stands on the record', textArgument(100), whoAmI());
  commonOptions(command)
    .addHelpText(
      'after',
      `${exitHelp({
        done: 'started; with --watch: migrated; with --dry-run: planned',
        failed: 'refused or undone, as far as it was waited for; or the task id is taken',
      })}

Examples:
  tanker migrate acme --to eu --dry-run
  tanker migrate acme --to eu/db2 --watch --reason "ticket 4711"`,
    )
    .action((company: string, options: MigrateOptions) =>
      runVerb(context, options, (session) => migrate(session, company, options)),
    );
}

async function migrate(session: Session, company: string, options: MigrateOptions): Promise<ExitCode> {
  const { clients, context, json, print } = session;
  checkTarget(clients.topology, options.to);
  const input: MigrateInput = {
    task: options.task ?? newTaskId(options.dryRun ? 'plan' : 'migrate', company, new Date()),
    company,
    to: options.to,
    requestedBy: options.requestedBy,
    reason: options.reason,
    ...(options.dryRun ? { dryRun: true } : {}),
  };
  const executions = migrateExecutions(clients.states, clients.topology);
  const { started } = await startMigration(executions, input);
  const { task } = input;
  if (options.dryRun) return printPlan(session, task);
  if (options.watch) {
    if (!json) context.out.write(`Task ${task}\n`);
    const closed = await watchUntilClosed(session, task);
    if (!json) context.out.write(`${endText(closed)}\n`);
    return outcomeExit(closed.outcome);
  }
  print({ task, started }, () =>
    started
      ? `Task ${task} has started. Watch it: tanker watch ${task}`
      : `Task ${task} was started before, with the same words; nothing was started now. Look: tanker show ${task}`,
  );
  return EXIT.done;
}

/** Waits for the dry run's end; plan alone takes as long as the slowest provider's summary. */
async function printPlan({ clients, print }: Session, task: string): Promise<ExitCode> {
  let found: ExecutionState | undefined;
  do {
    if (found) await sleep(LOOK_EVERY_MS);
    found = await describeMigration(clients.states, clients.topology, task);
  } while (found?.status === 'RUNNING');
  const output =
    found?.status === 'SUCCEEDED' ? MigrateOutput.parse(JSON.parse(found.output ?? 'null')) : null;
  if (output?.outcome === 'planned') {
    print(output, () => planText(task, output.company, output.plan));
    return EXIT.done;
  }
  const { error = 'PhaseFailed', cause = `The execution ended as ${found?.status}.` } = found ?? {};
  print({ task, outcome: 'refused', error, cause }, () => `Task ${task}: refused. ${error}: ${cause}`);
  return EXIT.failed;
}

/** A plan as a person reads it. */
export function planText(task: string, company: string, plan: Plan): string {
  const providers = plan.providers.map(({ name, rows, bytes, format }) => [
    name,
    wholeNumber(rows),
    bytesText(bytes),
    `${format.name} ${format.version}`,
    String(plan.waves.findIndex((wave) => wave.includes(name)) + 1),
  ]);
  return [
    `Task ${task}: planned. ${company}, ${formatLocation(plan.from)} to ${formatLocation(plan.to)}. A dry run: nothing was claimed, locked or moved.`,
    '',
    textTable([['provider', 'rows', 'bytes', 'format', 'wave'], ...providers], [1, 2, 4]),
    '',
    `  ${wholeNumber(plan.providers.reduce((sum, { rows }) => sum + rows, 0))} rows, ${bytesText(plan.estimate.bytes)}, ${plan.waves.length} import wave(s), customers would wait about ${Math.ceil(plan.estimate.seconds)} s`,
  ].join('\n');
}
