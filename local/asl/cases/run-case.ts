import { Execution } from '../execution.ts';
import type { JsonObject } from '../json.ts';
import { TokenBook } from '../token-book.ts';
import { validateDefinition } from '../validate/definition.ts';
import type { CaseFile } from './case-file.ts';
import { compareHistory, withCauseJson } from './compare-history.ts';
import { stubRunner } from './stub-tasks.ts';
import { VirtualClock } from './virtual-clock.ts';
import { matchesRecording } from './wildcards.ts';

/** When the cases run, on their virtual clock: some recordings wait until a moment that was then to come. */
const START_MS = Date.parse('2026-01-01T00:00:00Z');

const MACHINE_ARN = 'arn:aws:states:us-east-1:111111111111:stateMachine:case';

/** Plays one case and answers how it differs from AWS's recording; undefined when it doesn't. */
export async function runCase(recorded: CaseFile): Promise<string | undefined> {
  const problems = validateDefinition(recorded.definition, { strict: false });
  if (problems.length > 0) return `the definition is refused: ${problems.join('; ')}`;
  const clock = new VirtualClock(START_MS);
  const tokens = new TokenBook('us-east-1');
  const execution = new Execution({
    clock,
    tokens: tokens.of(MACHINE_ARN),
    definition: recorded.definition,
    region: 'us-east-1',
    stateMachineArn: MACHINE_ARN,
    roleArn: 'arn:aws:iam::111111111111:role/case',
    name: 'recorded',
    input: recorded.input,
    runner: stubRunner(recorded, clock, tokens),
  });
  execution.start();
  await clock.runUntil(() => execution.result !== undefined);
  if (execution.result === undefined) return 'the execution hangs: nothing is left that could end it';
  if (clock.pending > 0) return `the execution ended but left ${clock.pending} timers`;
  return compareEnd(recorded, execution) ?? compareHistory(recorded.expectedHistory, execution.history);
}

function compareEnd(recorded: CaseFile, execution: Execution): string | undefined {
  const expected = { ...recorded.expected } as JsonObject;
  const actual = { ...execution.result } as JsonObject;
  const comparable = expected['causeJson'] === undefined ? actual : withCauseJson(actual);
  if (matchesRecording(expected, comparable)) return undefined;
  const difference = compareHistory(recorded.expectedHistory, execution.history);
  return `expected the end ${JSON.stringify(expected)}\n      but got ${JSON.stringify(actual)}\n      ${difference ?? ''}`;
}
