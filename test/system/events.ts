import { expect, test } from '@jest/globals';
import {
  DONE,
  EVENT_SOURCE,
  keys,
  PHASE_EVENT_TYPE,
  PHASES,
  PhaseEvent,
  TaskRecord,
} from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import type { CloudEvent } from '../../local/events/rules.ts';
import { until } from './moves.ts';
import { theStage } from './stage.ts';

/** The records of all tasks, as the table holds them, by code that reads no stream. */
async function allTasks({ cloud, rows, topology }: Stage): Promise<TaskRecord[]> {
  const { controlRegion: region, installation: name } = topology;
  const items = await cloud.dynamo.scanTable({ region, name });
  const tasks = items.flatMap(({ kind, task }) => (kind?.S === 'task' ? [task?.S ?? ''] : []));
  return Promise.all(tasks.map(async (task) => TaskRecord.parse(await rows.get(keys.task(task)))));
}

/** The events of a task as a consumer keeps them: the first of those with the same id. */
function eventsOf(heard: readonly CloudEvent[], task: string): PhaseEvent[] {
  const own = heard.map(({ detail }) => PhaseEvent.parse(detail)).filter((event) => event.task === task);
  return [...new Map(own.toReversed().map((event) => [event.id, event])).values()].toReversed();
}

const ended = (heard: readonly CloudEvent[], task: string) =>
  until(`the last event of ${task}`, () => {
    const events = eventsOf(heard, task);
    return events.at(-1)?.state === 'closed' ? events : undefined;
  });

// Not concurrent, and therefore after all tests above: whatever happened to tasks, refusals and recoveries too.
test('every phase of every task was told on the bus, in order, from its opening to its end', async () => {
  const stage = await theStage();
  const { heard } = stage;
  const tasks = await allTasks(stage);
  expect(tasks.length).toBeGreaterThan(10);
  for (const record of tasks) {
    const events = await ended(heard, record.task);
    const [first] = events;
    const last = events.at(-1);
    expect(first).toMatchObject({ state: 'open', phase: 'plan', previousPhase: null, epoch: 0 });
    expect(last).toMatchObject({
      state: 'closed',
      outcome: record.state === 'closed' ? record.outcome : 'none, it is open',
      phase: record.phase,
      epoch: record.epoch,
    });
    for (const [i, event] of events.entries()) {
      expect(event.previousPhase).toBe(events[i - 1]?.phase ?? null);
      expect(BigInt(event.sequence) > BigInt(events[i - 1]?.sequence ?? 0)).toBe(true);
    }
    const told = events.map(({ phase }) => phase);
    const begun = Object.keys(record.phases).map((name) => name.replace('recover/', ''));
    expect(told).toEqual(expect.arrayContaining(begun));
    const isDone = last?.state === 'closed' && last.outcome === DONE[record.operation];
    if (isDone && !told.includes('claim')) {
      const phases = PHASES[record.operation];
      expect(told).toEqual([...phases, phases.at(-1)]);
    }
  }
});

test('events carry the source, type and date of their change, and nothing that the contract does not name', async () => {
  const { heard, topology } = await theStage();
  for (const event of heard) {
    const { at } = PhaseEvent.parse(event.detail);
    expect(event).toMatchObject({
      source: EVENT_SOURCE,
      'detail-type': PHASE_EVENT_TYPE,
      region: topology.controlRegion,
    });
    expect(Math.abs(Date.parse(event.time) - Date.parse(at))).toBeLessThanOrEqual(1000);
  }
});
