import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { hasItsCounterexample, searchScenario, searchWithout } from './check.ts';
import { LAST_RULE, NOT_HELD, numberOf, RULE_NAMES, ruleOf } from './rules.ts';
import { SCENARIO_NAMES, type ScenarioName, scenarioOf } from './scenarios.ts';
import type { Found } from './search.ts';
import { EVENTS } from './state.ts';

const PAGE = readFileSync(new URL('../../docs/model.md', import.meta.url), 'utf8');

/** The rows of the page's tables, as the cells between their bars. */
const ROWS = PAGE.split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .filter((cell) => cell !== ''),
  );

const searched = new Map<ScenarioName, Found>();
/** Each scenario is searched once. */
function found(name: ScenarioName): Found {
  const result = searched.get(name) ?? searchScenario(name, 'small');
  searched.set(name, result);
  return result;
}

/** Tasks that the scenario wants refused: they never come to an end that is called done. */
const NEVER_DONE: readonly ScenarioName[] = ['restore of a company at home', 'cleanup of an earlier move'];

describe('with every rule', () => {
  test.each(SCENARIO_NAMES)('every promise holds in each world of: %s', (name) => {
    const { counterexample, endings } = found(name);
    expect(counterexample).toBeUndefined();
    // Otherwise nothing would have been proved about a task that passes its commit point.
    expect(endings.has('M done')).toBe(!NEVER_DONE.includes(name));
  });

  test('a migration with a death ends in each of its ways', () => {
    expect([...found('migrate').endings]).toEqual(
      expect.arrayContaining(['M done', 'M undone', 'M refused']),
    );
  });
});

describe('without one of its rules', () => {
  test.each(RULE_NAMES)('a promise breaks: %s', (name) => {
    const without = searchWithout(name);
    expect(without.neededAlone).toEqual([]);
    expect(without.counterexample?.promise).toBe(ruleOf(name).breaks);
    expect(hasItsCounterexample(name, without)).toBe(true);
  });

  test('the shortest way to the broken promise is told step by step', () => {
    expect(searchWithout('15 a removal commits before it erases').counterexample).toEqual({
      promise: 'P2',
      how: 'S0 is home and lacks an acknowledged write',
      steps: [
        'M plans: remove from S',
        'M: take',
        'M: claim, epoch 1',
        'M: lock, epoch 1',
        'M: drain: nothing is in flight at S',
        'M: export S0, epoch 1',
        'M: export S1, epoch 1',
        'M: verify: as it must be',
        'M: erase S0, epoch 1',
      ],
    });
  });
});

describe('the table of the rules', () => {
  test('knows every rule of the protocol, as held or as not held', () => {
    const known = new Set([...RULE_NAMES.map(numberOf), ...NOT_HELD.map(({ number }) => number)]);
    expect([...known].sort((a, b) => a - b)).toEqual(
      Array.from({ length: LAST_RULE }, (_, index) => index + 1),
    );
  });

  test('names as second net only conditions that it has', () => {
    const behind = RULE_NAMES.flatMap((name) => ruleOf(name).behind ?? []);
    expect(behind.filter((name) => !(RULE_NAMES as readonly string[]).includes(name))).toEqual([]);
  });
});

describe('docs/model.md', () => {
  test.each(RULE_NAMES)('tells of: %s', (name) => {
    const { sentence, breaks, shownBy, behind } = ruleOf(name);
    const net = behind === undefined ? shownBy : `${shownBy}; second net behind "${behind}"`;
    expect(ROWS).toContainEqual([`\`${name}\``, sentence, breaks, net]);
  });

  test('tells what is not held, and why', () => {
    for (const { number, part, why } of NOT_HELD) expect(ROWS).toContainEqual([String(number), part, why]);
  });

  test.each(SCENARIO_NAMES)('tells of the scenario: %s', (name) => {
    const row = ROWS.find(([first]) => first === name);
    expect(row?.[1]).toBe(scenarioOf(name).about);
    const states = found(name).states.toLocaleString('en-US');
    expect(row?.[2]).toBe(states);
  });

  test('tells what may happen', () => {
    for (const what of Object.values(EVENTS)) expect(PAGE).toContain(what);
  });
});
