import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { runCli } from '../../cli/run.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

async function helpOf(...argv: string[]): Promise<string> {
  let text = '';
  const out = { write: (written: string) => (text += written) };
  await runCli([...argv, '--help'], { out, err: out });
  return text;
}

const commandsOf = (help: string): string[] =>
  [...(help.split('Commands:')[1] ?? '').matchAll(/^ {2}(\w+) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
const optionsOf = (help: string): string[] => [...new Set(help.match(/--[a-z-]+/g))];

test('the page of the CLI has a chapter for every verb, and names every option of it', async () => {
  const verbs = commandsOf(await helpOf());
  expect(verbs).toContain('migrate');
  const missing: string[] = [];
  for (const verb of verbs) {
    if (!page.includes(`\n## tanker ${verb}`)) missing.push(verb);
    const options = optionsOf(await helpOf(verb));
    missing.push(...options.filter((option) => option !== '--help' && !page.includes(option)));
  }
  expect(missing).toEqual([]);
});

test('the page of the CLI has no chapter and no option that the CLI has not', async () => {
  const verbs = commandsOf(await helpOf());
  const chapters = [...page.matchAll(/^## tanker (\w+)/gm)].map(([, verb]) => verb);
  expect(chapters.sort()).toEqual(verbs.sort());
  const helps = await Promise.all(verbs.map((verb) => helpOf(verb)));
  const known = new Set([...optionsOf(helps.join('\n')), '--keep']);
  expect(optionsOf(page).filter((option) => !known.has(option) && !/^---/.test(option))).toEqual([]);
});
