import { dispatchedRow, type MemoryRow, MemorySubtask } from '../support/memory-subtask.ts';
import { workerSubtaskSuite } from '../support/worker-subtask-suite.ts';

workerSubtaskSuite('in memory', async () => {
  const row: MemoryRow = dispatchedRow(0);
  return {
    dispatch: async (attempt) => {
      for (const field of Object.keys(row)) delete (row as unknown as Record<string, unknown>)[field];
      Object.assign(row, dispatchedRow(attempt));
    },
    worker: (attempt, worker) => new MemorySubtask(row, attempt, worker),
    row: async () => row,
  };
});
