import {
  keys,
  MAX_CAUSE_IN_RESULT,
  MAX_ERROR_CHARACTERS,
  type TransferWork,
} from '@tanker/contract/index.ts';
import type { LostSubtask } from '../../core/ports.ts';
import { type RecordTable, ttlAfter } from './dynamo-record.ts';

export interface LostSubtaskAt {
  readonly table: RecordTable;
  readonly subtask: Pick<TransferWork, 'task' | 'epoch' | 'phase' | 'provider' | 'location'> & {
    readonly action: string;
  };
  /** Of the attempt that was lost; a row has it until it is settled. */
  readonly token: string;
  /** Days for which a settled row is kept. */
  readonly recordDays: number;
  readonly now?: () => Date;
}

/** Core's LostSubtask on the table: the token on the row tells the attempt, and that nobody has settled it. */
export const dynamoLostSubtask = (at: LostSubtaskAt): LostSubtask => ({
  async fail(error, cause) {
    const now = at.now?.() ?? new Date();
    const failed = {
      state: 'failed',
      endedAt: now.toISOString(),
      error: error.slice(0, MAX_ERROR_CHARACTERS),
      cause: cause.slice(0, MAX_CAUSE_IN_RESULT),
      ttl: ttlAfter(now, at.recordDays),
    };
    await at.table.update(
      keys.subtask(at.subtask),
      { set: failed, remove: ['token'] },
      { expression: '#token = :token', values: { token: at.token } },
    );
  },
});
