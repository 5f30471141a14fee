import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CaseFile, isFolder, readJsonFolder } from './case-file.ts';
import { runCase } from './run-case.ts';
import { runTestState, type TestStateFile } from './test-state.ts';

const USAGE =
  'usage: npm run asl-cases -- DIR\n  DIR: a folder of executions recorded from AWS, one JSON file each';

/** Sub-folder of single-state cases. */
const TEST_STATE_FOLDER = 'teststate';

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const folder = folderArgument(args);
  if (folder === undefined) return 1;
  const cases = readJsonFolder(folder) as unknown as CaseFile[];
  if (cases.length === 0) {
    console.error(`${folder} holds no cases (*.json).\n${USAGE}`);
    return 1;
  }
  const differing = await report(cases, runCase);
  const singles = join(folder, TEST_STATE_FOLDER);
  let differingSingles = 0;
  if (isFolder(singles)) {
    const files = readJsonFolder(singles) as unknown as TestStateFile[];
    differingSingles = await report(files, runTestState);
    console.log(`single states: ${files.length - differingSingles} passed, ${differingSingles} failed`);
  }
  console.log(`${cases.length - differing} passed, ${differing} failed`);
  return differing + differingSingles === 0 ? 0 : 1;
}

function folderArgument(args: string[]): string | undefined {
  const { positionals } = parseArgs({ args, allowPositionals: true, strict: false });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    console.error(USAGE);
    return undefined;
  }
  if (!isFolder(folder)) {
    console.error(`${folder} is not a folder.\n${USAGE}`);
    return undefined;
  }
  return folder;
}

/** Prints each case that differs, and answers how many did. */
async function report<T extends { readonly name: string }>(
  cases: readonly T[],
  run: (one: T) => Promise<string | undefined>,
): Promise<number> {
  let differing = 0;
  for (const one of cases) {
    const difference = await run(one).catch((error: unknown) => `the runner failed: ${String(error)}`);
    if (difference === undefined) continue;
    differing += 1;
    console.log(`DIFFERS ${one.name}\n      ${difference}`);
  }
  return differing;
}
