import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { EVENT_SOURCE, PHASE_EVENT_TYPE, PHASE_EVENT_VERSION, PhaseEvent } from '@tanker/contract/index.ts';

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '');

const open = PhaseEvent.parse(example.detail);
const closed = { ...open, state: 'closed', outcome: 'undone', error: 'PhaseFailed' };

describe('an event of a phase change', () => {
  test('is what the page for consumers shows', () => {
    expect(example).toMatchObject({ source: EVENT_SOURCE, 'detail-type': PHASE_EVENT_TYPE });
    expect(open.version).toBe(PHASE_EVENT_VERSION);
    for (const field of Object.keys(closed)) expect(page).toContain(`\`${field}\``);
  });

  test('has an outcome and an error exactly when the task was closed', () => {
    expect(PhaseEvent.parse(closed)).toEqual(closed);
    const { outcome: _, ...without } = closed;
    expect(PhaseEvent.safeParse(without).success).toBe(false);
    expect(PhaseEvent.safeParse({ ...open, outcome: 'undone' }).success).toBe(false);
  });

  test.each([
    ['another field', { ...open, reason: 'because' }],
    ['a text for a company', { ...open, company: 'alice@example.com' }],
    ['a sentence for an error', { ...closed, error: 'It was alice.' }],
    ['a phase of nobody', { ...open, phase: 'thinking' }],
    ['another version', { ...open, version: 2 }],
    ['a sequence that JSON would round', { ...open, sequence: 1e20 }],
  ])('holds nothing else: %s', (_, event) => {
    expect(PhaseEvent.safeParse(event).success).toBe(false);
  });
});
