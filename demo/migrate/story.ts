import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeExecutionCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { executionsOf, operationExecutions, readHistory } from '@tanker/cli/aws/executions.ts';
import {
  executionArn,
  formatLocation,
  type MigrateInput,
  type MigratePhase,
  machineArn,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import { lockWindowOf, phaseSeconds } from '@tanker/sdk/lock-window.ts';
import { startTask } from '@tanker/sdk/start-task.ts';
import { readTaskView } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../stage.ts';
import { changedNeighbours, findAcknowledged } from '../world/checks.ts';
import { readDocuments } from '../world/document-checks.ts';
import { DEMO_COMPANY } from '../world/world.ts';
import { type Copy, fingerprintNeighbours, openCopy, readSeededData } from './copies.ts';
import { type Course, courseOf } from './course.ts';
import { failureOf, holdOf } from './faults.ts';
import type { DemoOptions } from './options.ts';
import { watchTask } from './progress.ts';
import { checkPromises } from './promises.ts';
import { type DemoReport, type MigrateEnd, PROMISES, providerReports } from './report.ts';

/** How long customers work undisturbed before the task starts and after it has ended. */
const UNDISTURBED_MS = 1500;

const TASK = `move-${DEMO_COMPANY}-1`;
const input = (task: string, { to, reason }: Course): MigrateInput => ({
  task,
  company: DEMO_COMPANY,
  to,
  requestedBy: 'the demo',
  reason,
});

/** Texts of the company's own data, to be looked for where no customer data may stand. */
async function canariesOf({ client, files }: Copy): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(
    `(SELECT email AS text FROM contacts.persons WHERE company_id = $1 AND email IS NOT NULL ORDER BY id LIMIT 20)
     UNION ALL (SELECT title FROM deals.deals WHERE company_id = $1 ORDER BY id LIMIT 20)
     UNION ALL (SELECT body FROM notes.notes WHERE company_id = $1 ORDER BY id LIMIT 20)`,
    [DEMO_COMPANY],
  );
  const documents = [...readDocuments(files, DEMO_COMPANY).keys()].slice(0, 20);
  return [...rows.map((row) => row.text), ...documents].filter((text) => text.length > 8);
}

/** A second task for the same company while the first holds it; answers the error it ended with. */
async function tryAnotherTask(stage: Stage, course: Course): Promise<string | null> {
  const name = `move-${DEMO_COMPANY}-2`;
  await stage.states.send(
    new StartExecutionCommand({
      stateMachineArn: machineArn(stage.topology, 'migrate'),
      name,
      input: JSON.stringify(input(name, course)),
    }),
  );
  for (;;) {
    const { status, error } = await stage.states.send(
      new DescribeExecutionCommand({ executionArn: executionArn(stage.topology, 'migrate', name) }),
    );
    if (status !== 'RUNNING') return error ?? status ?? null;
    await sleep(100);
  }
}

/** Whether the record shows that the phase has begun; of the commit, that the authority has written. */
const begun = (record: TaskRecord, phase: MigratePhase): boolean =>
  phase === 'commit' ? record.committed !== undefined : record.phase === phase;

async function stopTask(stage: Stage): Promise<void> {
  const arn = executionArn(stage.topology, 'migrate', TASK);
  const request = { executionArn: arn, cause: 'the demo stops it from outside' };
  await stage.states.send(new StopExecutionCommand(request));
}

/** Runs the task from its start to its close, with what the options ask for done to it on the way. */
async function runTask(stage: Stage, options: DemoOptions, course: Course) {
  const { abort } = options;
  if (abort) stage.cloud.faults.set(holdOf(stage.topology, course, abort, DEMO_COMPANY));
  if (options.fail) stage.cloud.faults.set(failureOf(stage.topology, course, options.fail, DEMO_COMPANY));
  const executions = operationExecutions(stage.states, stage.topology, 'migrate');
  const started = await startTask(executions, input(TASK, course));
  let otherTask: Promise<string | null> | undefined;
  let stopped = false;
  await watchTask(stage, TASK, async (record) => {
    if (record.phase === 'prepare') otherTask ??= tryAnotherTask(stage, course);
    if (!abort || stopped || !begun(record, abort)) return;
    // The other task is refused because this one holds the company; afterwards it would move it.
    await otherTask;
    await stopTask(stage);
    stopped = true;
  });
  const again = await startTask(executions, input(TASK, course));
  return {
    same: started.started && !again.started,
    otherTaskError: (await otherTask) ?? null,
  };
}

const outcomeOf = (task: TaskRecord): MigrateEnd => {
  const outcome = task.state === 'closed' ? task.outcome : 'undone';
  return outcome === 'migrated' || outcome === 'refused' ? outcome : 'undone';
};

async function orchestrationOf(stage: Stage) {
  let transitions = 0;
  let events = 0;
  for (const { arn } of await executionsOf(stage.states, stage.topology, TASK)) {
    const history = await readHistory(stage.states, arn);
    transitions += history.transitions;
    events += history.events;
  }
  return { stateTransitions: transitions, historyEvents: events };
}

/** Waits until every execution of the task has ended: the record closes a moment before the last of them. */
async function settled(stage: Stage): Promise<void> {
  while ((await executionsOf(stage.states, stage.topology, TASK)).some(({ status }) => status === 'RUNNING'))
    await sleep(50);
}

/** Moves the company under traffic, then checks every promise by its own means. */
export async function tellMigrateStory(
  stage: Stage,
  options: DemoOptions,
  say: (line: string) => void,
): Promise<DemoReport> {
  const course = courseOf(options);
  const { from, to } = course;
  const [source, target] = [await openCopy(stage.world, from), await openCopy(stage.world, to)];
  try {
    const seeded = await readSeededData(source, DEMO_COMPANY);
    const before = await fingerprintNeighbours(stage.world, DEMO_COMPANY);
    const canaries = await canariesOf(source);
    say('Customers begin to write through the gateway');
    const customers = await stage.world.startCustomers({ companies: [DEMO_COMPANY] });
    await sleep(UNDISTURBED_MS);
    say(`Starting task ${TASK} with StartExecution`);
    const secondStart = await runTask(stage, options, course);
    await settled(stage);
    await sleep(UNDISTURBED_MS);
    const totals = await customers.stop();
    say('Customers have stopped; checking databases and documents, the gateway, the table and the buckets');

    const view = await readTaskView(stage.rows, TASK);
    const outcome = outcomeOf(view.task);
    const home = outcome === 'migrated' ? target : source;
    const writes = await findAcknowledged({ [DEMO_COMPANY]: home.client }, customers.journal, {
      [DEMO_COMPANY]: home.files,
    });
    const changed = changedNeighbours(before, await fingerprintNeighbours(stage.world, DEMO_COMPANY));
    const scene = {
      ...{
        stage,
        company: DEMO_COMPANY,
        from,
        to,
        view,
        outcome,
        source,
        target,
        seeded,
        secondStart,
        canaries,
      },
      lost: writes.lost,
      changedNeighbours: changed,
    };
    const violations = await checkPromises(scene);
    const held = PROMISES.map((id) => [id, violations[id].length === 0] as const);
    return {
      story: 'migrate',
      outcome,
      promisesHeld: held.every(([, kept]) => kept),
      promises: Object.fromEntries(held) as DemoReport['promises'],
      violations: Object.fromEntries(
        Object.entries(violations).filter(([, findings]) => findings.length > 0),
      ),
      task: TASK,
      company: DEMO_COMPANY,
      from: formatLocation(from),
      to: formatLocation(to),
      lockWindow: lockWindowOf(view.task, view.subtasks),
      phases: phaseSeconds(view.task),
      providers: providerReports(
        stage.topology.providers.map(({ name }) => name),
        view.subtasks,
      ),
      traffic: {
        acknowledged: writes.acknowledged,
        found: writes.found,
        lost: writes.lost.length,
        refusedWhileLocked: totals.refusedWhileLocked,
      },
      neighbours: { checked: before.size, changed: changed.length },
      ...(await orchestrationOf(stage)),
    };
  } finally {
    await Promise.all([source.client.end(), target.client.end()]);
  }
}
