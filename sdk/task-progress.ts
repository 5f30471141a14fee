import { formatLocation, type SubtaskRecord, type TaskRecord } from '@tanker/contract/index.ts';
import type { TaskLook } from './follow-task.ts';
import { incompleteText, inRecovery } from './task-words.ts';
import { bytesText, wholeNumber } from './text.ts';

const MARKS = { dispatched: '…', running: '▸', succeeded: '✓', failed: '✗' } as const;

/** One provider's state in a word and a mark, with what it has moved so far. */
export function subtaskText(subtask: SubtaskRecord): string {
  const mark = `${subtask.provider} ${MARKS[subtask.state]}`;
  if (subtask.state === 'running' && subtask.progress) return `${mark} ${bytesText(subtask.progress.bytes)}`;
  if (subtask.state !== 'succeeded') return mark;
  const { result } = subtask;
  if (result.action === 'export' || result.action === 'import') {
    const bytes = result.action === 'export' ? result.bytesStored : result.bytes;
    return `${mark} ${wholeNumber(result.rows)} rows ${bytesText(bytes)}`;
  }
  return mark;
}

/** What most wants to be seen comes first. */
const STATES = ['failed', 'running', 'dispatched', 'succeeded'] as const;

/** A provider's part in a phase: at one location what is farthest from done, at several how many are in which state. */
function providerText(provider: string, subtasks: readonly SubtaskRecord[]): string {
  const inState = STATES.map((state) => ({ state, those: subtasks.filter((one) => one.state === state) }));
  const found = inState.filter(({ those }) => those.length > 0);
  const places = new Set(subtasks.map(({ location }) => formatLocation(location)));
  if (places.size === 1)
    return found
      .slice(0, 1)
      .flatMap(({ those }) => those.slice(-1).map(subtaskText))
      .join();
  return [provider, ...found.map(({ state, those }) => `${MARKS[state]}${those.length}`)].join(' ');
}

/** The epoch under which the current phase's subtasks stand: plan asks before it takes its own. */
const epochOf = ({ epoch, phase }: TaskRecord): number => (phase === 'plan' ? 0 : epoch);

/** Whether a subtask is of the phase that the task is in now. */
export const belongsToPhase = (task: TaskRecord, { phase, epoch }: SubtaskRecord): boolean =>
  phase === task.phase && epoch === epochOf(task);

/** The phase that a look shows, apart from the same phase under another epoch. */
export const phaseKey = ({ task }: TaskLook): string => `${epochOf(task)}/${task.phase}`;

/** Phases that work provider by provider show each of them; an attempt in recovery shows like any other. */
export function phaseLine({ task, subtasks }: TaskLook): string {
  const current = subtasks.filter((subtask) => belongsToPhase(task, subtask));
  const byProvider = Map.groupBy(current, ({ provider }) => provider);
  const providers = [...byProvider].map(([provider, subtasks]) => providerText(provider, subtasks));
  const recovering = inRecovery(task) ? 'recover ' : '';
  return `  ${(recovering + task.phase).padEnd(22)} ${providers.join('   ')}`.trimEnd();
}

/** Where the lines go: standard output, or whatever a test gives. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\x1b[2K';

/** Used where the terminal doesn't say how wide it is. */
const USUAL_COLUMNS = 120;

/**
 * Shows a task live: a line a phase. On a terminal the line is rewritten in place; elsewhere it is printed when the
 * next phase begins or the task is closed.
 */
export class ProgressLines {
  readonly #out: ProgressOutput;
  #last: TaskLook | undefined;
  #incomplete: string | undefined;

  constructor(out: ProgressOutput) {
    this.#out = out;
  }

  /** Answers whether a phase was seen for the first time. */
  show(look: TaskLook): boolean {
    const key = phaseKey(look);
    const begun = this.#last === undefined || key !== phaseKey(this.#last);
    // The last look at a phase came before its end: what its subtasks are now is how they ended.
    if (begun && this.#last) this.#finish(phaseLine({ ...this.#last, subtasks: look.subtasks }));
    this.#last = look;
    const line = phaseLine(look);
    this.#tellIncomplete(look.task);
    if (this.#out.isTTY)
      this.#out.write(CLEAR_LINE + line.slice(0, (this.#out.columns || USUAL_COLUMNS) - 1));
    if (look.task.state === 'closed') this.#finish(line);
    return begun;
  }

  /** Once, and again when what is left has changed. */
  #tellIncomplete(task: TaskRecord): void {
    const text = incompleteText(task);
    if (text !== undefined && text !== this.#incomplete) this.#finish(`  ${text}`);
    this.#incomplete = text;
  }

  #finish(line: string): void {
    this.#out.write(`${this.#out.isTTY ? CLEAR_LINE : ''}${line}\n`);
  }
}
