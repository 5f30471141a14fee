import { describe, expect, test } from '@jest/globals';
import { PhaseEvent } from '@tanker/contract/index.ts';
import { phaseEventOf, type TaskChange, type TaskStanding } from '../../core/control/phase-event.ts';
import { EVENTS_A_CALL, publishEvents } from '../../core/control/publish-events.ts';
import type { EventBus } from '../../core/ports.ts';

const AT = '2026-01-31T12:00:00.000Z';
const standing = (more: Partial<TaskStanding> = {}): TaskStanding => ({
  task: 'move-1',
  operation: 'migrate',
  company: 'acme',
  state: 'open',
  phase: 'drain',
  phases: { drain: AT },
  epoch: 1,
  createdAt: AT,
  ...more,
});
let sequence = 0;
const change = (after: Partial<TaskStanding>, before?: Partial<TaskStanding>): TaskChange => {
  sequence += 1;
  return {
    id: `id-${sequence}`,
    sequence: String(sequence),
    takenAt: '2026-01-31T12:00:01.000Z',
    before: before && standing(before),
    after: standing(after),
  };
};
const opening = (task: string): TaskChange => change({ task, phase: 'plan' });

/** A bus that takes everything but what `refuse` names, and remembers its calls. */
function recording(refuse: (event: PhaseEvent) => boolean = () => false) {
  const calls: string[][] = [];
  const put: EventBus['put'] = async (events) => {
    calls.push(events.map(({ task, phase }) => `${task} ${phase}`));
    return events.flatMap((event, index) => (refuse(event) ? [{ index, code: 'InternalFailure' }] : []));
  };
  return { calls, put };
}

describe('the event of a change', () => {
  test.each<[string, TaskChange, boolean]>([
    ['a new record', change({}), true],
    ['a phase begun', change({ phase: 'export' }, {}), true],
    ['the end', change({ state: 'closed', outcome: 'undone', closedAt: AT }, {}), true],
    ['the same phase under a newer epoch', change({ epoch: 2 }, {}), true],
    ['the claim of a plan', change({ phase: 'plan' }, { phase: 'plan', epoch: 0 }), false],
    ['any other write', change({}, {}), false],
  ])('of %s is told or not', (_, given, told) => {
    const event = phaseEventOf(given);
    expect(event !== undefined).toBe(told);
    if (event) expect(PhaseEvent.parse(event)).toEqual(event);
  });

  test('of a phase that is begun again is dated by the second time', () => {
    const before = { phase: 'open', phases: { unlock: AT, 'recover/unlock': AT } } as const;
    const later = '2026-01-31T13:00:00.000Z';
    const again = change({ phase: 'unlock', phases: { unlock: AT, 'recover/unlock': later } }, before);
    expect(phaseEventOf(again)?.at).toBe(later);
    const undated = change({ phase: 'unlock', phases: before.phases }, before);
    expect(phaseEventOf(undated)?.at).toBe(undated.takenAt);
  });
});

describe('publishing', () => {
  test('puts no more into one call than it takes', async () => {
    const bus = recording();
    const changes = Array.from({ length: 25 }, (_, i) => opening(`move-${i}`));
    await publishEvents(bus, changes);
    expect(bus.calls.map(({ length }) => length)).toEqual([EVENTS_A_CALL, EVENTS_A_CALL, 5]);
  });

  test('puts no task twice into one call, so that a refusal never lets a later event out first', async () => {
    const bus = recording(({ phase }) => phase === 'prepare');
    const changes = [
      opening('a'),
      opening('b'),
      change({ task: 'a', phase: 'prepare' }, { task: 'a', phase: 'plan' }),
      change({ task: 'b', phase: 'lock' }, { task: 'b', phase: 'prepare' }),
      change({ task: 'a', phase: 'lock' }, { task: 'a', phase: 'prepare' }),
    ];
    const { events, stoppedAt } = await publishEvents(bus, changes);
    expect(bus.calls).toEqual([
      ['a plan', 'b plan'],
      ['a prepare', 'b lock'],
    ]);
    expect(events).toHaveLength(2);
    expect(stoppedAt).toEqual({ sequence: changes[2]?.sequence, why: 'InternalFailure' });
  });

  test('stops at the first of a call that does not answer', async () => {
    const error = new Error('no answer');
    const changes = [opening('a')];
    const { stoppedAt } = await publishEvents({ put: () => Promise.reject(error) }, changes);
    expect(stoppedAt).toEqual({ sequence: changes[0]?.sequence, why: error });
  });
});
