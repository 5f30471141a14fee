import { INPUTS, type InputOf, mistakesOf, TankerError, type TaskOperation } from '@tanker/contract/index.ts';

/** Executions of one operation's machine, by the name that is the task id. */
export interface Executions<O extends TaskOperation = TaskOperation> {
  readonly operation: O;
  /** Starts one, or answers `exists` when that name ran before with another input or has ended. */
  start(name: string, input: string): Promise<'started' | 'exists'>;
  /** The input of the execution of that name, or undefined when there is none. */
  inputOf(name: string): Promise<string | undefined>;
}

/**
 * The input as the execution gets it: the schema's fields in the schema's order and none that are absent, so that the
 * same task is the same text. Undefined for what is no input of the operation.
 */
export function inputText(operation: TaskOperation, input: unknown): string | undefined {
  const parsed = INPUTS[operation].safeParse(input);
  return parsed.success ? JSON.stringify(parsed.data) : undefined;
}

/** Whether an execution's input says the same, whoever wrote it and in whichever order. */
function saysTheSame(operation: TaskOperation, before: string | undefined, text: string): boolean {
  try {
    return inputText(operation, JSON.parse(before ?? 'null')) === text;
  } catch {
    return false;
  }
}

/**
 * Starts a task, or its dry run, under its task id. The same task id with the same input is the same task, running or
 * closed: nothing is started then. With another input it is refused.
 *
 * @returns whether this call started it
 * @throws InputInvalid when the input does not match the operation's schema; TaskIdTaken when the task id ran with another
 */
export async function startTask<O extends TaskOperation>(
  executions: Executions<O>,
  input: InputOf<O>,
): Promise<{ started: boolean }> {
  const { operation } = executions;
  const text = inputText(operation, input);
  if (text === undefined) throw invalid(operation, input);
  const before = await executions.inputOf(input.task);
  if (before === undefined && (await executions.start(input.task, text)) === 'started')
    return { started: true };
  if (saysTheSame(operation, before ?? (await executions.inputOf(input.task)), text))
    return { started: false };
  throw taskIdTaken(input.task);
}

export const taskIdTaken = (task: string): TankerError =>
  new TankerError('TaskIdTaken', {
    what: `The task id "${task}" was used for another task.`,
    now: 'Nothing was touched, and that task is as it was.',
    next: 'Start again under a new task id.',
  });

function invalid(operation: TaskOperation, input: unknown): TankerError {
  const { error } = INPUTS[operation].safeParse(input);
  return new TankerError('InputInvalid', {
    what: `The input is none of a ${operation}: ${mistakesOf(error?.issues ?? [], 'input')}.`,
    now: 'Nothing was started.',
    next: 'Correct it; the contract has the schema.',
  });
}
