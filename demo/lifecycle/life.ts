import { setTimeout as sleep } from 'node:timers/promises';
import { operationExecutions } from '@tanker/cli/aws/executions.ts';
import { formatLocation, type InputOf, type TaskOperation, type TaskRecord } from '@tanker/contract/index.ts';
import { startTask } from '@tanker/sdk/start-task.ts';
import { readTask } from '@tanker/sdk/task-records.ts';
import { letDaysPass } from '../days.ts';
import { fingerprintNeighbours, openCopy } from '../migrate/copies.ts';
import { watchTask } from '../migrate/progress.ts';
import type { Stage } from '../stage.ts';
import { changedNeighbours, findAcknowledged } from '../world/checks.ts';
import type { WorldLocation } from '../world/topology.ts';
import { authorityOf, type Holdings, untilWorkedOff } from './look.ts';
import type { Checked, LifecyclePromise, LifecycleStep } from './report.ts';

/** How long customers work undisturbed before and after a task that they work beside. */
const UNDISTURBED_MS = 500;
const LOOK_EVERY_MS = 100;
/** A task that the sweeper starts is on record within this time, or it is not started at all. */
const STARTED_WITHIN_MS = 30_000;

export type Step = readonly [name: string, tell: (life: Life) => Promise<void>];

/** A company's life while it is told: the day it is, what the steps have checked, and the tasks they run. */
export class Life {
  readonly stage: Stage;
  readonly company: string;
  /** What the company had when it was removed: what a restore must bring back. */
  removed: Holdings | undefined;
  readonly #say: (line: string) => void;
  #day = 0;
  #checked: Checked[] = [];

  constructor(stage: Stage, company: string, say: (line: string) => void) {
    this.stage = stage;
    this.company = company;
    this.#say = say;
  }

  /** Tells one step. A step that fails is told as one thing that was wrong. */
  async tell([name, tell]: Step): Promise<LifecycleStep> {
    this.#say(`Day ${this.#day}: ${name}`);
    this.#checked = [];
    try {
      await tell(this);
    } catch (error) {
      this.check('P3', 'the step itself', [`it failed: ${(error as Error).message}`]);
    }
    const checked = this.#checked;
    return { name, day: this.#day, ok: checked.every(({ findings }) => findings.length === 0), checked };
  }

  check(promise: LifecyclePromise, what: string, findings: readonly (string | false | undefined)[]): void {
    this.#checked.push({
      promise,
      what,
      findings: findings.filter((one): one is string => typeof one === 'string'),
    });
  }

  async daysPass(days: number): Promise<void> {
    this.#day += days;
    this.#say(`${days} days pass: it is day ${this.#day}`);
    await letDaysPass(this.stage, days);
  }

  /** Runs a task of the company from its start to its close, and checks how it ended. */
  async run<O extends TaskOperation>(
    operation: O,
    task: string,
    more: Omit<InputOf<O>, 'task' | 'company' | 'requestedBy' | 'reason'>,
    expected: { outcome: string; error?: string },
  ): Promise<TaskRecord> {
    const { stage, company } = this;
    const input = { task, company, requestedBy: 'the demo', reason: 'the life of a company', ...more };
    await startTask(
      operationExecutions(stage.states, stage.topology, operation),
      input as unknown as InputOf<O>,
    );
    const record = await watchTask(stage, task);
    this.#checkEnd(record, expected);
    return record;
  }

  /** Waits for a task that somebody else starts, such as the sweeper. */
  async found(task: (id: string) => boolean, expected: { outcome: string }): Promise<TaskRecord | undefined> {
    const { cloud, topology, rows } = this.stage;
    const deadline = Date.now() + STARTED_WITHIN_MS;
    while (Date.now() < deadline) {
      const items = await cloud.dynamo.scanTable({
        region: topology.controlRegion,
        name: topology.installation,
      });
      const ids = items.flatMap(({ pk, sk }) =>
        sk?.S === 'task' ? [String(pk?.S).slice('task#'.length)] : [],
      );
      const id = ids.find(task);
      if (id !== undefined) {
        await watchTask(this.stage, id);
        const record = await readTask(rows, id);
        if (record) this.#checkEnd(record, expected);
        return record;
      }
      await sleep(LOOK_EVERY_MS);
    }
    this.check('P9', 'the sweeper starts what is due', ['no such task was started']);
    return undefined;
  }

  #checkEnd(record: TaskRecord, { outcome, error }: { outcome: string; error?: string }): void {
    const ended = record.state === 'closed' ? record.outcome : 'open';
    this.check('P3', `${record.operation} ends as ${outcome}${error ? ` (${error})` : ''}`, [
      ended !== outcome && `it ended as ${ended} (${record.failure?.error}: ${record.failure?.cause})`,
      error !== undefined && record.failure?.error !== error && `the error is ${record.failure?.error}`,
      record.state === 'closed' && record.debts.length > 0 && `${record.debts.length} debts`,
    ]);
    this.check('P11', `${record.task} says who asked and why`, [
      (record.requestedBy === '' || record.reason === '') && 'who or why is missing',
    ]);
  }

  /** Lets customers write beside the work, and checks that every write they were told of is at home afterwards. */
  async besideCustomers(
    home: WorldLocation,
    work: () => Promise<void>,
    company = this.company,
  ): Promise<void> {
    const { world } = this.stage;
    const customers = await world.startCustomers({ companies: [company] });
    await sleep(UNDISTURBED_MS);
    await work();
    await sleep(UNDISTURBED_MS);
    const totals = await customers.stop();
    const { client, files } = await openCopy(world, home);
    try {
      const found = await findAcknowledged({ [company]: client }, customers.journal, { [company]: files });
      this.check(
        'P2',
        `${found.acknowledged} writes of customers of ${company} are at ${formatLocation(home)}`,
        [
          found.lost.length > 0 && `${found.lost.length} are lost`,
          found.acknowledged === 0 && 'none was acknowledged',
          totals.uncertain > 0 && `${totals.uncertain} failed`,
          !(await untilWorkedOff({ client }, company)) && 'their messages are not worked off',
        ],
      );
    } finally {
      await client.end();
    }
  }

  /** Runs the work and checks that no other company has changed anywhere. */
  async neighboursUntouched(work: () => Promise<void>): Promise<void> {
    const before = await fingerprintNeighbours(this.stage.world, this.company);
    await work();
    const changed = changedNeighbours(before, await fingerprintNeighbours(this.stage.world, this.company));
    this.check('P8', `${before.size} neighbours are as they were`, [
      changed.length > 0 && `changed: ${changed.join(', ')}`,
    ]);
  }

  /** Where the authority says that the company lives, and that nobody is locked out. */
  async homeIs(expected: WorldLocation | 'removed'): Promise<void> {
    const { home, lock } = await authorityOf(this.stage, this.company);
    const wanted = expected === 'removed' ? expected : formatLocation(expected);
    const named = home.location ? formatLocation(home.location) : home.state;
    this.check('P1', `the gateway says: ${wanted}`, [named !== wanted && `it says ${named}`]);
    this.check('P5', 'the company is not locked', [lock?.state === 'held' && 'it is']);
  }
}
