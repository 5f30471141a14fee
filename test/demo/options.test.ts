import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { expectedOutcome, parseOptions } from '../../demo/migrate/options.ts';
import { DEMO_ROWS } from '../../demo/world/world.ts';

describe('the command line of the demo', () => {
  test('without options moves the demo company with all of its rows', () => {
    expect(parseOptions([])).toEqual({ story: 'migrate', rows: DEMO_ROWS, transfer: 'auto' });
  });

  test('tells the lifecycle with fewer rows, unless some are named', () => {
    const { story, rows } = parseOptions(['--story', 'lifecycle']);
    expect([story, rows < DEMO_ROWS]).toEqual(['lifecycle', true]);
    expect(parseOptions(['--story', 'lifecycle', '--rows', '3000']).rows).toBe(3000);
  });

  test('takes the rows, a phase to fail and a phase to stop in', () => {
    expect(parseOptions(['--rows', '1000', '--fail', 'verify'])).toEqual({
      story: 'migrate',
      rows: 1000,
      fail: 'verify',
      transfer: 'auto',
    });
    expect(parseOptions(['--abort', 'import'])).toMatchObject({ abort: 'import' });
  });

  test.each([
    ['nothing wrong', [], 'migrated'],
    ['plan failing', ['--fail', 'plan'], 'refused'],
    ['prepare failing', ['--fail', 'prepare'], 'undone'],
    ['commit failing', ['--fail', 'commit'], 'undone'],
    ['a stop in plan', ['--abort', 'plan'], 'refused'],
    ['a stop before the commit', ['--abort', 'verify'], 'undone'],
    ['a stop once the authority has written', ['--abort', 'commit'], 'migrated'],
    ['a stop after the commit', ['--abort', 'hooks'], 'migrated'],
  ])('expects with %s the outcome that the promises ask for', (_, argv, outcome) => {
    expect(expectedOutcome(parseOptions(argv))).toBe(outcome);
  });

  describe('that is wrong', () => {
    let said = '';
    beforeEach(() => {
      said = '';
      jest.spyOn(process, 'exit').mockImplementation((code) => {
        throw new Error(`exit ${code}`);
      });
      jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
        said += String(text);
        return true;
      });
    });
    afterEach(() => {
      jest.restoreAllMocks();
    });

    test.each([
      ['rows below the least', ['--rows', '199'], 'from 200 to 20000000'],
      ['rows that are no number', ['--rows', 'many'], 'A whole number'],
      ['a phase that only goes forward', ['--fail', 'unlock'], 'Allowed choices are plan, prepare'],
      ['a failure and a stop at once', ['--fail', 'import', '--abort', 'import'], 'cannot be used with'],
      ['an unknown option', ['--row', '1000'], 'unknown option'],
    ])('ends with status 2 and says what is allowed: %s', (_, argv, told) => {
      expect(() => parseOptions(argv)).toThrow('exit 2');
      expect(said).toContain(told);
    });
  });
});
