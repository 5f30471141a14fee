import { describe, expect, test } from '@jest/globals';
import { TankerError } from '@tanker/contract/index.ts';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { controlHandler } from '../../lambdas/runtime/middleware.ts';
import { writtenLines } from './written-lines.ts';

const CONTEXT = {
  functionName: 'test',
  awsRequestId: 'request',
  getRemainingTimeInMillis: () => 1000,
} as unknown as Context;
const Event = z.object({ company: z.string().regex(/^[a-z]+$/, 'lower-case letters') }).strict();

const lines = writtenLines();

describe('a thin handler', () => {
  test('gives the parsed event to its function and answers what that answers', async () => {
    const handler = controlHandler(Event, async ({ company }) => ({ hello: company }));
    await expect(handler({ company: 'acme' }, CONTEXT)).resolves.toEqual({ hello: 'acme' });
  });

  test('answers a function that has nothing to say', async () => {
    const handler = controlHandler(Event, async () => undefined);
    await expect(handler({ company: 'acme' }, CONTEXT)).resolves.toBeUndefined();
  });

  test('refuses another event by name and field, and never repeats what the field held', async () => {
    const handler = controlHandler(Event, async () => undefined);
    const error = await handler({ company: 'ALICE', secret: 'alice@example.com' }, CONTEXT).catch((e) => e);
    expect(error).toMatchObject({ name: 'InputInvalid' });
    expect(error.message).toContain('company: lower-case letters');
    expect(error.message + lines.all()).not.toMatch(/ALICE|alice/);
  });

  test('answers a warm event for every schema without calling the function', async () => {
    let called = false;
    const handler = controlHandler(Event, async () => {
      called = true;
    });
    await expect(handler({ warm: true, holdMilliseconds: 1 }, CONTEXT)).resolves.toEqual({ warm: true });
    expect(called).toBe(false);
  });

  test('throws errors on with their name, and logs whose they were', async () => {
    const handler = controlHandler(
      Event,
      () => Promise.reject(new TankerError('EpochStale', { what: 'A.', now: 'B.', next: 'C.' })),
      { phase: 'lock' },
    );
    await expect(handler({ company: 'acme' }, CONTEXT)).rejects.toMatchObject({ name: 'EpochStale' });
    const [line] = lines.ofLevel('ERROR');
    expect(line).toMatchObject({
      company: 'acme',
      phase: 'lock',
      error: 'EpochStale',
      errorMessage: 'A. B. C.',
    });
  });

  test('logs the name and place of a foreign error, not its message, and throws one that is tried again', async () => {
    const handler = controlHandler(Event, () =>
      Promise.reject(new SyntaxError('"alice@example.com" is odd')),
    );
    await expect(handler({ company: 'acme' }, CONTEXT)).rejects.toMatchObject({
      name: 'InternalFailure',
      message: expect.not.stringContaining('alice'),
    });
    expect(lines.all()).toContain('SyntaxError');
    expect(lines.all()).not.toContain('alice');
  });

  test('forgets one event before the next', async () => {
    const handler = controlHandler(z.object({ company: z.string().optional() }), async (_event, scope) => {
      scope.logger.info('line');
    });
    await handler({ company: 'acme' }, CONTEXT);
    await handler({}, CONTEXT);
    const [first, second] = lines.ofLevel('INFO');
    expect(first).toMatchObject({ company: 'acme' });
    expect(second).not.toHaveProperty('company');
  });
});
