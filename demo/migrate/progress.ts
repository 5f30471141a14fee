import { setTimeout as sleep } from 'node:timers/promises';
import type { SubtaskRecord, TaskRecord } from '@tanker/contract/index.ts';
import type { Stage } from '../stage.ts';
import { readSubtasks, readTask } from '../task-view.ts';

/** Twice a heartbeat of a screen's reader; the table answers in a millisecond. */
const LOOK_EVERY_MS = 100;

/** The longest a task of the demo may take, recoveries and retries included; beyond it something hangs. */
const PATIENCE_MS = 300_000;

const MARKS = { dispatched: '…', running: '▸', succeeded: '✓', failed: '✗' } as const;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function subtaskText(subtask: SubtaskRecord): string {
  const mark = `${subtask.provider} ${MARKS[subtask.state]}`;
  if (subtask.state === 'running' && subtask.progress) return `${mark} ${megabytes(subtask.progress.bytes)}`;
  if (subtask.state !== 'succeeded') return mark;
  const { result } = subtask;
  if (result.action === 'export' || result.action === 'import') {
    const bytes = result.action === 'export' ? result.bytesStored : result.bytes;
    return `${mark} ${result.rows.toLocaleString('en-US')} rows ${megabytes(bytes)}`;
  }
  return mark;
}

/** Phases that work provider by provider show each of them; an attempt in recovery shows like any other. */
function phaseLine(task: TaskRecord, subtasks: readonly SubtaskRecord[]): string {
  const current = subtasks.filter(({ phase, epoch }) => phase === task.phase && epoch === task.epoch);
  const byProvider = new Map(current.map((subtask) => [`${subtask.provider}`, subtask]));
  return [...byProvider.values()].map(subtaskText).join('   ');
}

/**
 * Shows a task live until it is closed: a line a phase, and in it each provider. On a terminal the line is rewritten in
 * place; elsewhere it is printed when the next phase begins.
 *
 * @param onPhase hears of each phase as it is first seen
 */
export async function watchTask(
  stage: Stage,
  task: string,
  onPhase: (phase: string) => void | Promise<void> = () => {},
): Promise<TaskRecord> {
  const out = process.stdout;
  const deadline = Date.now() + PATIENCE_MS;
  let seen = '';
  let line = '';
  while (Date.now() < deadline) {
    const record = await readTask(stage, task);
    if (record) {
      const key = `${record.epoch}/${record.phase}`;
      if (key !== seen) {
        if (line) out.write(out.isTTY ? `\r\x1b[2K${line}\n` : `${line}\n`);
        seen = key;
        await onPhase(record.phase);
      }
      const recovering = record.recoveries > 0 || record.holder?.includes('/recover-') ? 'recover ' : '';
      line =
        `  ${(recovering + record.phase).padEnd(22)} ${phaseLine(record, await readSubtasks(stage, task))}`.trimEnd();
      if (out.isTTY) out.write(`\r\x1b[2K${line.slice(0, (out.columns || 120) - 1)}`);
      if (record.state === 'closed') {
        out.write(out.isTTY ? `\r\x1b[2K${line}\n` : `${line}\n`);
        return record;
      }
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(
    `Task ${task} is still open after ${PATIENCE_MS / 1000} s. Its records and the functions' logs are in ${stage.directory}; nothing was cleaned up.`,
  );
}
