import { type MigrateInput, TankerError } from '@tanker/contract/index.ts';

/** Executions of the migrate machine, by the name that is the task id. */
export interface Executions {
  /** Starts one, or answers `exists` when that name ran before with another input or has ended. */
  start(name: string, input: string): Promise<'started' | 'exists'>;
  /** The input of the execution of that name, or undefined when there is none. */
  inputOf(name: string): Promise<string | undefined>;
}

/** The input as the execution gets it: field by field in a fixed order, so that the same task is the same text. */
const textOf = ({ task, company, to, requestedBy, reason, dryRun }: MigrateInput): string =>
  JSON.stringify({
    task,
    company,
    to: { datacenter: to.datacenter, ...(to.server === undefined ? {} : { server: to.server }) },
    requestedBy,
    reason,
    ...(dryRun ? { dryRun } : {}),
  });

/**
 * Starts a migration, or its dry run, under its task id. The same task id with the same input is the same task, running or closed:
 * nothing is started then. With another input it is refused.
 *
 * @returns whether this call started it
 * @throws TaskIdTaken when the task id ran with another input
 */
export async function startMigration(
  executions: Executions,
  input: MigrateInput,
): Promise<{ started: boolean }> {
  const text = textOf(input);
  const before = await executions.inputOf(input.task);
  if (before === undefined && (await executions.start(input.task, text)) === 'started')
    return { started: true };
  if ((before ?? (await executions.inputOf(input.task))) === text) return { started: false };
  throw new TankerError('TaskIdTaken', {
    what: `The task id "${input.task}" was used for another migration.`,
    now: 'Nothing was started, and that task is as it was.',
    next: 'Start again under a new task id.',
  });
}
