import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type CaseFile, isFolder, readJsonFolder } from '../../local/asl/cases/case-file.ts';
import { runCase } from '../../local/asl/cases/run-case.ts';
import { runTestState, type TestStateFile } from '../../local/asl/cases/test-state.ts';

/** Executions recorded from AWS, which are not part of this repository. */
const SHARED = fileURLToPath(new URL('../../../shared/asl-cases', import.meta.url));
/** Cases of our own, each with the AWS document that it follows. */
const OWN = fileURLToPath(new URL('./cases', import.meta.url));

const recorded = isFolder(SHARED) ? (readJsonFolder(SHARED) as unknown as CaseFile[]) : [];
const singleStates = isFolder(`${SHARED}/teststate`)
  ? (readJsonFolder(`${SHARED}/teststate`) as unknown as TestStateFile[])
  : [];
const own = readJsonFolder(OWN) as unknown as (CaseFile & { readonly source: string })[];

describe('executions recorded from AWS', () => {
  if (recorded.length === 0) test.skip(`skipped: there are no recordings in ${SHARED}`, () => {});
  else
    test.each(recorded)('runs as recorded: $name', async (one) => expect(await runCase(one)).toBeUndefined());
});

describe('single states recorded from AWS', () => {
  if (singleStates.length === 0)
    test.skip(`skipped: there are no recordings in ${SHARED}/teststate`, () => {});
  else
    test.each(singleStates)('runs as recorded: $name', async (one) =>
      expect(await runTestState(one)).toBeUndefined(),
    );
});

describe('cases of our own', () => {
  test.each(own)('$name, as in $source', async (one) => expect(await runCase(one)).toBeUndefined());

  test('each names its AWS source', () => {
    expect(own.length).toBeGreaterThanOrEqual(12);
    for (const { source } of own) expect(source).toMatch(/docs\.aws\.amazon\.com|states-language\.net/);
  });
});
