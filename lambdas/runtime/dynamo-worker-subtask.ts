import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { MAX_CAUSE_IN_RESULT, MAX_ERROR_CHARACTERS, TankerError } from '@tanker/contract/index.ts';
import type { WorkerSubtask } from '../../core/ports.ts';

export interface SubtaskRow {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly key: { readonly pk: string; readonly sk: string };
  readonly attempt: number;
  /** One run of an agent: two deliveries of one attempt are two workers. */
  readonly worker: string;
  /** Days for which a settled row is kept. */
  readonly recordDays: number;
  readonly now?: () => Date;
}

/** Fields that a condition compares, as the row held them when it was refused. */
interface Held {
  readonly state?: string;
  readonly attempt?: number;
  readonly worker?: string;
}

const SECONDS_A_DAY = 86_400;

/**
 * Core's WorkerSubtask on the table. Each write is one conditional update of the row: its attempt and worker must be
 * ours, and its state the one that the write leaves. A write that is refused because its own first try had been applied
 * is done.
 */
export function dynamoWorkerSubtask(row: SubtaskRow): WorkerSubtask {
  const now = row.now ?? (() => new Date());
  const mine = { ':attempt': row.attempt, ':worker': row.worker };

  async function write(update: Update): Promise<void> {
    try {
      await row.client.send(
        new UpdateCommand({
          TableName: row.table,
          Key: row.key,
          UpdateExpression: update.expression,
          ConditionExpression: update.condition,
          ExpressionAttributeNames: update.names,
          ExpressionAttributeValues: update.values,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const held = heldBy(error);
      const ours = held.attempt === row.attempt && held.worker === row.worker;
      if (ours && held.state === update.state) return;
      throw superseded(row, held, error);
    }
  }

  const running = (assignments: string, names: Record<string, string>, values: object): Update => ({
    expression: assignments,
    condition: '#state = :running AND attempt = :attempt AND worker = :worker',
    names: { '#state': 'state', ...names },
    values: { ...mine, ':running': 'running', ...values },
    state: 'running',
  });

  const settled = (state: 'succeeded' | 'failed', names: Record<string, string>, values: object): Update => {
    const at = now();
    const fields = Object.keys(names).map((name) => `${name} = ${name.replace('#', ':')}`);
    return {
      ...running(
        `SET #state = :settled, endedAt = :at, #ttl = :ttl, ${fields.join(', ')} REMOVE #token`,
        { ...names, '#ttl': 'ttl', '#token': 'token' },
        {
          ...values,
          ':settled': state,
          ':at': at.toISOString(),
          ':ttl': Math.floor(at.getTime() / 1000) + row.recordDays * SECONDS_A_DAY,
        },
      ),
      state,
    };
  };

  return {
    begin: () =>
      write({
        expression: 'SET #state = :running, worker = :worker, startedAt = :at, beatAt = :at',
        condition: '#state = :dispatched AND attempt = :attempt',
        names: { '#state': 'state' },
        values: { ...mine, ':running': 'running', ':dispatched': 'dispatched', ':at': now().toISOString() },
        state: 'running',
      }),
    progress: (progress) =>
      write(
        running(
          'SET #progress = :progress, beatAt = :at',
          { '#progress': 'progress' },
          { ':progress': progress, ':at': now().toISOString() },
        ),
      ),
    confirm: () => write(running('SET beatAt = :at', {}, { ':at': now().toISOString() })),
    succeed: (result, work) =>
      write(
        settled('succeeded', { '#result': 'result', '#work': 'work' }, { ':result': result, ':work': work }),
      ),
    fail: (error, cause) =>
      write(
        settled(
          'failed',
          { '#error': 'error', '#cause': 'cause' },
          {
            ':error': error.slice(0, MAX_ERROR_CHARACTERS),
            ':cause': cause.slice(0, MAX_CAUSE_IN_RESULT),
          },
        ),
      ),
  };
}

interface Update {
  readonly expression: string;
  readonly condition: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  /** The state that the row has once this write is applied. */
  readonly state: string;
}

/** The old item of a refused condition; the document client hands it over in DynamoDB's own notation. */
function heldBy(error: ConditionalCheckFailedException): Held {
  const item = (error.Item ?? {}) as Record<string, { S?: string; N?: string } | string | number | undefined>;
  const text = (name: string) => {
    const value = item[name];
    return typeof value === 'object' ? (value.S ?? value.N) : value;
  };
  return {
    ...(text('state') === undefined ? {} : { state: String(text('state')) }),
    ...(text('attempt') === undefined ? {} : { attempt: Number(text('attempt')) }),
    ...(text('worker') === undefined ? {} : { worker: String(text('worker')) }),
  };
}

function superseded(row: SubtaskRow, held: Held, cause: unknown): TankerError {
  const now =
    held.state === undefined
      ? 'There is no such row.'
      : `The row is ${held.state} at attempt ${held.attempt}, worker ${held.worker ?? 'none'}.`;
  return new TankerError(
    'SubtaskSuperseded',
    {
      what: `The subtask ${row.key.sk} refused attempt ${row.attempt} of worker ${row.worker}.`,
      now,
      next: 'Nothing: this worker stops, and the current one goes on.',
    },
    { cause },
  );
}
