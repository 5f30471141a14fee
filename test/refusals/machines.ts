import { TASK_OPERATIONS, type TaskOperation } from '@tanker/contract/index.ts';
import { operate, recovered, TO } from '../statemachines/fixtures.ts';
import type { Answer } from '../statemachines/play.ts';
import { fails } from '../statemachines/play.ts';
import { area, type Site } from './refusal.ts';

/** What the execution of an operation shows at its end, when this answers otherwise than well. */
const shows = (operation: TaskOperation, answers: Readonly<Record<string, Answer>>) => async () =>
  (await operate(operation, answers)).result;

const fileOf = (operation: TaskOperation): string => `statemachines/${operation}.asl.json`;

const WHY = 'contacts at us/db1 differs. Nothing was committed. Look at its export.';

/** An operation that failed and was undone: once with what failed, once with what has no words. */
const undone = (operation: TaskOperation, debts: Parameters<typeof recovered>[1] = []): Site => ({
  file: fileOf(operation),
  reasons: {
    'its last step failed, and the recovery went back': {
      names: ['company acme', 'VerificationFailed'],
      provoke: shows(operation, {
        'Close task': () => fails('VerificationFailed', WHY),
        'Recover company': recovered('undone', debts),
      }),
    },
    'its last step ran out of time, which has no words': {
      names: ['company acme', 'States.Timeout'],
      provoke: shows(operation, {
        'Close task': () => fails('States.Timeout', ''),
        'Recover company': recovered('undone'),
      }),
    },
  },
});

/** Each operation's end when another recovery has the task. */
export const takenOver: readonly Site[] = TASK_OPERATIONS.map((operation) => ({
  file: fileOf(operation),
  reasons: {
    [`another recovery took the ${operation} over`]: {
      names: ['company acme', 'States.Timeout'],
      provoke: shows(operation, {
        'Close task': () => fails('States.Timeout', ''),
        'Recover company': recovered('nothing'),
      }),
    },
  },
}));

/** What the recovery is started with when the slice of an operation was stopped. */
export const stoppedSlice: readonly Site[] = (['migrate', 'backup', 'remove'] as const).map((operation) => ({
  file: fileOf(operation),
  reasons: {
    [`the slice of a ${operation} was stopped`]: {
      names: ['task-1'],
      async provoke() {
        const { payloads } = await operate(operation, {
          'Take slice': () => fails('States.TaskFailed', JSON.stringify({ Status: 'ABORTED' })),
          'Recover company': recovered('undone'),
        });
        return (payloads['Recover company']?.[0] as { Input: { reason: object } } | undefined)?.Input.reason;
      },
    },
  },
}));

/** What an operation ends with when its plan was stopped. */
export const stoppedPlan: readonly Site[] = TASK_OPERATIONS.map((operation) => ({
  file: fileOf(operation),
  reasons: {
    [`the plan of a ${operation} was stopped`]: {
      names: ['task task-1'],
      provoke: shows(operation, {
        'Plan task': () => fails('States.TaskFailed', JSON.stringify({ Status: 'ABORTED' })),
      }),
    },
  },
}));

const LEFT = { clean: 1, left: 1, incomplete: true, debts: [] };

/** What the recovery of a removal is started with when a provider has not erased. */
export const notErased: Site = {
  file: fileOf('remove'),
  reasons: {
    'a provider has not erased when the removal looks': {
      names: ['company acme', '1 provider(s)'],
      async provoke() {
        const { payloads } = await operate('remove', {
          'Verify erased': LEFT,
          'Recover company': recovered('incomplete'),
        });
        return (payloads['Recover company']?.[0] as { Input: { reason: object } } | undefined)?.Input.reason;
      },
    },
  },
};

export const MACHINES_ENDS = area({
  MigrationUndone: [undone('migrate', [{ provider: 'deals', location: TO }])],
  BackupUndone: [undone('backup')],
  RestoreUndone: [undone('restore', [{ provider: 'deals', location: TO }])],
  RemovalUndone: [undone('remove')],
  CleanupUndone: [undone('cleanup')],
  RemovalIncomplete: [
    {
      file: fileOf('remove'),
      reasons: {
        'a provider has not erased when the recovery has tried': {
          names: ['acme'],
          provoke: shows('remove', { 'Verify erased': LEFT, 'Recover company': recovered('incomplete') }),
        },
      },
    },
  ],
});
