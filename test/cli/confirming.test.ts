import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.executions.length = 0;
});

/** Everything that erases. */
const VERBS: readonly (readonly [string, readonly string[]])[] = [
  ['remove', ['remove', 'acme']],
  ['remove --final', ['remove', 'acme', '--final']],
  ['cleanup', ['cleanup', 'acme', '--at', 'us']],
  ['cleanup --early', ['cleanup', 'acme', '--at', 'us', '--early']],
];

describe.each(VERBS)('%s', (_, words) => {
  test("goes on when the company's id is typed in the terminal", async () => {
    const { code, out, err } = await world.typing('acme\n', ...words);
    expect(code).toBe(0);
    expect(err).toContain("Type the company's id to go on: ");
    expect(out).toContain('has started');
    expect(world.executions).toHaveLength(1);
  });

  test.each([
    ['another id', 'acne\n', '"acne" was typed, and the company is "acme".'],
    ['"yes"', 'yes\n', '"yes" was typed, and the company is "acme".'],
    ['the id in capitals', 'ACME\n', '"ACME" was typed, and the company is "acme".'],
    ['nothing', '\n', 'No company id was typed.'],
    ['the end of input', '', 'No company id was typed.'],
  ])('is refused with 2 when %s is typed, and nothing is started', async (_typed, typed, words2) => {
    const { code, err } = await world.typing(typed, ...words);
    expect(code).toBe(2);
    expect(err).toContain(
      `NotConfirmed: ${words2} Nothing was touched. Call again, and type the id of the company that is meant.`,
    );
    expect(world.executions).toEqual([]);
  });

  test('is refused with 2 where nobody can be asked, and says what to do', async () => {
    const { code, out, err } = await world.tanker(...words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe(
      "NotConfirmed: This erases data, and there is no terminal to ask in. Nothing was touched. Repeat the company's id to go on: --yes acme.\n",
    );
    expect(world.executions).toEqual([]);
  });

  test('is refused with 2 when --yes names another company, also in a terminal', async () => {
    for (const call of [world.tanker, (...argv: string[]) => world.typing('acme\n', ...argv)]) {
      const { code, out } = await call(...words, '--yes', 'acne', '--json');
      expect(code).toBe(2);
      expect(JSON.parse(out)).toEqual({
        error: 'NotConfirmed',
        what: '--yes names "acne", and the company is "acme".',
        now: 'Nothing was touched.',
        next: 'Look which one is meant; to go on with acme, give --yes acme.',
      });
    }
    expect(world.executions).toEqual([]);
  });

  test('asks for nothing in a dry run, which erases nothing', async () => {
    const argv = [...words, '--dry-run', '--task', 'dry', '--requested-by', 'me', '--reason', 'r'];
    await world.tanker(...argv.filter((word) => word !== '--dry-run'), '--yes', 'acme');
    const [started] = world.executions.splice(0);
    world.executions.push({
      machine: words[0] as 'remove',
      name: 'dry',
      status: 'FAILED',
      error: 'CompanyNotHome',
      cause: 'It lives nowhere.',
      input: JSON.stringify({ ...JSON.parse(started?.input ?? ''), dryRun: true }),
    });
    const { code, out, err } = await world.tanker(...argv);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('refused. CompanyNotHome');
  });

  test('prints no question into the JSON of a program', async () => {
    const { out } = await world.typing('acme\n', ...words, '--json');
    expect(JSON.parse(out)).toMatchObject({ started: true });
  });
});

describe('the question', () => {
  test.each([
    [
      ['remove', 'acme'],
      'Everything of acme is erased at every location of tanker. It can be restored from its backup for 30 days.',
    ],
    [['remove', 'acme', '--keep-days', '1'], 'It can be restored from its backup for 1 day.'],
    [['remove', 'acme', '--keep-days', '0'], "Its backup can't be restored."],
    [
      ['remove', 'acme', '--final'],
      'For good: no backup of acme, also no older one, can be restored afterwards.',
    ],
    [
      ['cleanup', 'acme', '--at', 'us/db1'],
      'What a move or a failed erase has left of acme at us/db1 is erased.\n',
    ],
    [
      ['cleanup', 'acme', '--at', 'us', '--early'],
      'A fallback copy is given up before its grace days are over.',
    ],
  ])('of %j says what is to happen', async (argv, words) => {
    expect((await world.typing('acme\n', ...argv)).err).toContain(words);
  });
});
