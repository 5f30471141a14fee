import { readFileSync } from 'node:fs';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, type LambdaWorld, REGION, startLambdaWorld } from './lambda-world.ts';

let world: LambdaWorld;
beforeAll(async () => {
  world = await startLambdaWorld();
});
afterAll(() => world.stop());

async function invoke(FunctionName: string, event: object) {
  const Payload = JSON.stringify(event);
  const answer = await world.client.send(new InvokeCommand({ FunctionName, Payload }));
  return { error: answer.FunctionError, answer: JSON.parse(answer.Payload?.transformToString() ?? 'null') };
}

// Source: Lambda, "Troubleshoot execution issues in Lambda", memory; AWS re:Post, "runtime exited" errors.
describe('a function that takes more memory than it has', () => {
  test('is killed, and its caller is told what Lambda tells', async () => {
    const name = world.add('hold', { name: 'greedy', memoryMb: 160 });
    expect(await invoke(name, { megabytes: 300, milliseconds: 10_000 })).toEqual({
      error: 'Unhandled',
      answer: {
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringMatching(
          /^RequestId: [\w-]{36} Error: Runtime exited with error: signal: killed$/,
        ),
      },
    });
    expect(await invoke(name, { megabytes: 1, milliseconds: 0 })).toEqual({ error: undefined, answer: 1 });
  });

  test('goes on when it has enough, and its log tells what it took', async () => {
    const name = world.add('hold', { name: 'modest', memoryMb: 512 });
    expect(await invoke(name, { megabytes: 100, milliseconds: 400 })).toEqual({
      error: undefined,
      answer: 100,
    });
    const used = await eventually(() => {
      const log = readFileSync(world.lambda.logFile(REGION, name), 'utf8');
      return /Memory Size: 512 MB Max Memory Used: (\d+) MB/.exec(log)?.[1];
    });
    expect(Number(used)).toBeGreaterThan(100);
    expect(Number(used)).toBeLessThan(512);
  });
});
