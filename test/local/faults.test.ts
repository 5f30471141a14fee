import { describe, expect, test } from '@jest/globals';
import { createFaults } from '../../local/faults.ts';

const ERROR = { kind: 'error', errorType: 'SlowDown', statusCode: 503 } as const;

describe('a fault that names a text', () => {
  const faults = createFaults();
  faults.set({ service: 's3', contains: 'exports/acme/', times: 'forever', effect: ERROR });
  const inject = (resource: string, context?: Record<string, string>) =>
    faults.inject({
      action: 's3:GetObject',
      operation: 'GetObject',
      region: 'eu-west-1',
      accessKeyId: 'x',
      resource,
      ...(context ? { context } : {}),
    });

  test('hits what has it in its resource, or in the prefix that it lists', () => {
    expect(inject('arn:aws:s3:::bucket/exports/acme/part')).toMatchObject({ code: 'SlowDown', status: 503 });
    expect(inject('arn:aws:s3:::bucket', { 's3:prefix': 'exports/acme/' })).toMatchObject({
      code: 'SlowDown',
    });
  });

  test('passes everything else', () => {
    expect(inject('arn:aws:s3:::bucket/exports/acme-2/part')).toBeUndefined();
    expect(inject('arn:aws:s3:::bucket', { 's3:prefix': 'exports/globex/' })).toBeUndefined();
  });

  test('hits a request by its path or its query', () => {
    const wire = (path: string, query: string) =>
      faults.consult({ service: 's3', region: 'eu-west-1', operation: 'GET', path, query });
    expect(wire('/bucket/exports/acme/part', '')).toBeDefined();
    expect(wire('/bucket', 'list-type=2&prefix=exports/acme/')).toBeDefined();
    expect(wire('/bucket', 'list-type=2')).toBeUndefined();
  });
});

test('a fault that is replaced or cleared lets go of what it holds', async () => {
  const faults = createFaults();
  const effect = { kind: 'hold', what: 'call' } as const;
  const held = () => faults.consult({ service: 'lambda', region: 'eu-west-1', operation: 'Run' });
  faults.set({ id: 'one', service: 'lambda', effect });
  const first = held();
  faults.set({ id: 'one', service: 'lambda', effect });
  await expect(first?.hold()).resolves.toBeUndefined();
  const second = held();
  expect(faults.clear()).toBe(1);
  await expect(second?.hold()).resolves.toBeUndefined();
});
