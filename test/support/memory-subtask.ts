import { type Progress, type SubtaskResult, TankerError, type Work } from '@tanker/contract/index.ts';
import type { TaskToken, WorkerSubtask } from '../../core/ports.ts';

/** A subtask's row as its workers see it. */
export interface MemoryRow {
  attempt: number;
  state: 'dispatched' | 'running' | 'succeeded' | 'failed';
  worker?: string;
  token?: string;
  progress?: Progress;
  result?: SubtaskResult;
  work?: readonly Work[];
  error?: string;
  cause?: string;
  ttl?: number;
}

export const dispatchedRow = (attempt: number): MemoryRow => ({
  attempt,
  state: 'dispatched',
  token: 'token',
});

/** The WorkerSubtask port on a row in memory. */
export class MemorySubtask implements WorkerSubtask {
  readonly #row: MemoryRow;
  readonly #attempt: number;
  readonly #worker: string;

  constructor(row: MemoryRow, attempt: number, worker: string) {
    this.#row = row;
    this.#attempt = attempt;
    this.#worker = worker;
  }

  async begin(): Promise<void> {
    const own = this.#row.worker === this.#worker && this.#row.attempt === this.#attempt;
    if (own && this.#row.state === 'running') return;
    this.#refuseUnless(this.#row.state === 'dispatched' && this.#row.attempt === this.#attempt);
    Object.assign(this.#row, { state: 'running', worker: this.#worker });
  }

  async progress(progress: Progress): Promise<void> {
    this.#refuseUnless(this.#running());
    this.#row.progress = progress;
  }

  async confirm(): Promise<void> {
    this.#refuseUnless(this.#running());
  }

  async succeed(result: SubtaskResult, work: readonly Work[]): Promise<void> {
    this.#settle('succeeded', { result, work });
  }

  async fail(error: string, cause: string): Promise<void> {
    this.#settle('failed', { error, cause });
  }

  #running(): boolean {
    const { state, attempt, worker } = this.#row;
    return state === 'running' && attempt === this.#attempt && worker === this.#worker;
  }

  #settle(state: 'succeeded' | 'failed', fields: Partial<MemoryRow>): void {
    const own = this.#row.worker === this.#worker && this.#row.attempt === this.#attempt;
    if (own && this.#row.state === state) return;
    this.#refuseUnless(this.#running());
    Object.assign(this.#row, { state, ttl: 1, ...fields });
    delete this.#row.token;
  }

  #refuseUnless(held: boolean): void {
    if (held) return;
    throw new TankerError('SubtaskSuperseded', { what: 'Refused.', now: 'Other.', next: 'Stop.' });
  }
}

/** The state machine's side; `settled` closes it. */
export class MemoryToken implements TaskToken {
  settled = false;
  beats = 0;
  readonly answers: object[] = [];

  async heartbeat(): Promise<'alive' | 'settled'> {
    this.beats += 1;
    return this.settled ? 'settled' : 'alive';
  }

  async succeed(output: object): Promise<void> {
    if (!this.settled) this.answers.push(output);
    this.settled = true;
  }

  async fail(error: string, cause: string): Promise<void> {
    if (!this.settled) this.answers.push({ error, cause });
    this.settled = true;
  }
}
