import type { TaskOperation } from '@tanker/contract/index.ts';
import type { Json, JsonObject } from '../../local/asl/json.ts';
import { type Answers, fails, type Played, play } from './play.ts';

export const FROM = { datacenter: 'us', server: 'db1' };
export const TO = { datacenter: 'eu', server: 'db1' };
export const REFUSAL = { error: 'CompanyUnknown', cause: 'There is no company.' };
export const TASK = 'task-1';
const HOLDER = `${TASK}/${TASK}`;
export const PROVIDERS = ['contacts', 'deals'];

export const every = (location: JsonObject): JsonObject[] =>
  PROVIDERS.map((provider) => ({ provider, location }));

/** A plan of which each operation uses its part. */
export const PLAN = {
  refusal: null,
  epoch: 4,
  holder: HOLDER,
  from: FROM,
  to: TO,
  providers: PROVIDERS,
  waves: [['contacts'], ['deals']],
  opens: [],
  erases: every(FROM),
  hooks: [{ provider: 'deals', location: TO, hook: 'after-migrate' }],
  leftover: null,
  planned: null,
};

export const LOCK = {
  grant: 3,
  lockedAt: '2026-03-01T10:00:00.000Z',
  deadlineMillis: Date.parse('2026-03-01T10:01:00Z'),
};

/** What `startExecution.sync:2` answers of a child that succeeded. */
export const nested = (output: Json): JsonObject => ({ Output: output, Status: 'SUCCEEDED' });
/** And what it fails with when the child failed. */
export const nestedFails = (error: string, cause: string) =>
  fails('States.TaskFailed', JSON.stringify({ Error: error, Cause: cause, Status: 'FAILED' }));
export const recovered = (outcome: string, debts: JsonObject[] = []): JsonObject =>
  nested({ task: TASK, outcome, debts });

const GOOD: Answers = {
  'Plan task': nested(PLAN),
  'Take slice': nested({ grant: LOCK.grant, deadlineMillis: LOCK.deadlineMillis }),
  'Prepare workers': { environments: 9, starting: 0 },
  'Lock traffic': LOCK,
  'Verify erased': { clean: 2, left: 0, incomplete: false, debts: [] },
  'Close task': { outcome: 'done', debts: [] },
};

/** Plays an operation in which everything goes well but for these answers. */
export const operate = (operation: TaskOperation, answers: Answers = {}): Promise<Played> =>
  play(operation, { task: TASK, company: 'acme', requestedBy: 'me', reason: 'law' }, TASK, {
    ...GOOD,
    ...answers,
  });

/** The states that do something, in the order in which they were entered. */
export const steps = ({ visited }: Pick<Played, 'visited'>): string[] =>
  visited.filter((name) => !name.startsWith('Begin ') && !name.startsWith('For each') && !name.endsWith('?'));
