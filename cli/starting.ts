import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type InputOf, type TaskOperation, TaskOutput } from '@tanker/contract/index.ts';
import { startTask, taskIdTaken } from '@tanker/sdk/start-task.ts';
import { readTask } from '@tanker/sdk/task-records.ts';
import type { Command } from 'commander';
import { describeExecution, type ExecutionState, operationExecutions } from './aws/executions.ts';
import { type CommonOptions, commonOptions, type Session } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { planText } from './plan-text.ts';
import { newTaskId } from './task-id.ts';
import { taskArgument, textArgument } from './verbs/arguments.ts';
import { watchToItsEnd } from './watching.ts';

/** Options of every verb that starts a task. */
export interface StartOptions extends CommonOptions {
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

/** Who stands on the record for what this command line asks. */
export const requestedByOption = (command: Command): Command =>
  command.option('--requested-by <who>', 'who; it stands on the record', textArgument(100), whoAmI());

export const startOptions = (command: Command, operation: TaskOperation): Command =>
  commonOptions(
    requestedByOption(
      command
        .option('--dry-run', 'check and plan only: the same refusals, no claim, no lock; prints the plan')
        .option('--watch', 'show the task until it is closed')
        .option(
          '--task <id>',
          `the task id (default: ${operation}-COMPANY-DAY-xxxx, of a dry run plan-…)`,
          taskArgument,
        )
        .option('--reason <text>', 'why; it stands on the record', textArgument(200), 'no reason given'),
    ),
  );

/** The part of the input that every operation has. */
export const asked = (operation: TaskOperation, company: string, options: StartOptions) => ({
  task: options.task ?? newTaskId(options.dryRun ? 'plan' : operation, company, new Date()),
  company,
  requestedBy: options.requestedBy,
  reason: options.reason,
  ...(options.dryRun ? { dryRun: true as const } : {}),
});

/** Starts a task as the options say: a dry run to its plan, a watched one to its end, any other only started. */
export async function startAsAsked<O extends TaskOperation>(
  session: Session,
  operation: O,
  input: InputOf<O>,
  options: StartOptions,
): Promise<ExitCode> {
  const { clients, context, json, print } = session;
  const { task, company } = input;
  // Each operation has a machine of its own, and task ids are of all of them.
  const before = await readTask(clients.rows, task);
  if (before && before.operation !== operation) throw taskIdTaken(task);
  const executions = operationExecutions(clients.states, clients.topology, operation);
  const { started } = await startTask(executions, input);
  if (options.dryRun) return printPlan(session, operation, { task, company });
  if (options.watch) {
    if (!json) context.out.write(`Task ${task}\n`);
    return watchToItsEnd(session, task, operation);
  }
  print({ task, started }, () =>
    started
      ? `Task ${task} has started. Watch it: tanker watch ${task}`
      : `Task ${task} was started before, with the same words; nothing was started now. Look: tanker show ${task}`,
  );
  return EXIT.done;
}

const NOT_PLANNED =
  'Nothing was claimed and nothing was locked. Start it again under a new task id, or look at its execution in Step Functions.';

/** Between two looks at a dry run, which takes a few seconds. */
const LOOK_EVERY_MS = 300;

/** Waits for the dry run's end; plan alone takes as long as the slowest provider's summary. */
async function printPlan(
  { clients, print }: Session,
  operation: TaskOperation,
  { task, company }: { task: string; company: string },
): Promise<ExitCode> {
  let found: ExecutionState | undefined;
  do {
    if (found) await sleep(LOOK_EVERY_MS);
    found = await describeExecution(clients.states, clients.topology, operation, task);
  } while (found?.status === 'RUNNING');
  const output = found?.status === 'SUCCEEDED' ? TaskOutput.parse(JSON.parse(found.output ?? 'null')) : null;
  if (output?.outcome === 'planned') {
    print(output, () => planText(operation, { task, company, plan: output.plan }, new Date()));
    return EXIT.done;
  }
  const ended = `The dry run "${task}" ended as ${found?.status}, without an error.`;
  const { error = 'PhaseFailed', cause = `${ended} ${NOT_PLANNED}` } = found ?? {};
  print({ task, outcome: 'refused', error, cause }, () => `Task ${task}: refused. ${error}: ${cause}`);
  return EXIT.failed;
}
