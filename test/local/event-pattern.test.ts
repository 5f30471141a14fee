import { describe, expect, test } from '@jest/globals';
import { compilePattern } from '../../local/events/pattern.ts';

const event = {
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  region: 'eu-west-1',
  resources: ['arn:aws:states:eu-west-1:000000000000:execution:tanker-migrate:acme'],
  detail: {
    status: 'TIMED_OUT',
    stateMachineArn: 'arn:aws:states:eu-west-1:000000000000:stateMachine:tanker-migrate',
    attempts: 3,
    output: null,
    forced: false,
    parts: [{ name: 'a', bytes: 1 }, { name: 'b' }],
  },
};

// Source: EventBridge, "Comparison operators for use in event patterns", one or two lines of the table each.
describe('an event pattern', () => {
  test.each<[string, unknown, boolean]>([
    ['an exact value of several', { detail: { status: ['FAILED', 'TIMED_OUT'] } }, true],
    ['another value', { detail: { status: ['ABORTED'] } }, false],
    ['all of its fields', { source: ['aws.states'], region: ['us-east-1'] }, false],
    ['a number by value', { detail: { attempts: [3] } }, true],
    ['a number not by its text', { detail: { attempts: ['3'] } }, false],
    ['null', { detail: { output: [null] } }, true],
    ['a boolean', { detail: { forced: [false] } }, true],
    ['a field that is not there', { detail: { nothing: ['x'] } }, false],
    ['a prefix', { detail: { status: [{ prefix: 'TIMED' }] } }, true],
    [
      'a prefix without regard to case',
      { detail: { status: [{ prefix: { 'equals-ignore-case': 'timed' } }] } },
      true,
    ],
    ['a suffix', { detail: { stateMachineArn: [{ suffix: ':tanker-migrate' }] } }, true],
    ['another suffix', { detail: { stateMachineArn: [{ suffix: ':tanker-recover' }] } }, false],
    ['anything but a value', { detail: { status: [{ 'anything-but': 'RUNNING' }] } }, true],
    ['not what is excepted', { detail: { status: [{ 'anything-but': ['RUNNING', 'TIMED_OUT'] }] } }, false],
    ['not an absent field by anything-but', { detail: { nothing: [{ 'anything-but': 'x' }] } }, false],
    ['anything but a prefix', { detail: { status: [{ 'anything-but': { prefix: 'TIMED' } }] } }, false],
    ['a field that exists', { detail: { status: [{ exists: true }] } }, true],
    ['a field that does not exist', { detail: { nothing: [{ exists: false }] } }, true],
    ['leaves only by exists', { detail: [{ exists: true }] }, false],
    ['a wildcard', { detail: { stateMachineArn: [{ wildcard: 'arn:*:stateMachine:tanker-*' }] } }, true],
    ['no part of a text by a wildcard', { detail: { status: [{ wildcard: 'TIMED' }] } }, false],
    ['a numeric range', { detail: { attempts: [{ numeric: ['>', 0, '<=', 3] }] } }, true],
    ['a number out of range', { detail: { attempts: [{ numeric: ['<', 3] }] } }, false],
    ['text without regard to case', { detail: { status: [{ 'equals-ignore-case': 'timed_out' }] } }, true],
    ['one element of a list', { resources: [{ suffix: ':acme' }] }, true],
    ['one object of a list', { detail: { parts: { name: ['b'] } } }, true],
    ['one of $or', { $or: [{ region: ['us-east-1'] }, { detail: { attempts: [3] } }] }, true],
  ])('judges %s', (_, pattern, expected) => {
    expect(compilePattern(pattern)(event)).toBe(expected);
  });

  test.each([
    [{ detail: { status: [{ cidr: '10.0.0.0/8' }] } }, /detail\.status uses the operator .*cidr/],
    [{ detail: { status: 'TIMED_OUT' } }, /detail\.status is no object/],
    [{ detail: { attempts: [{ numeric: ['about', 3] }] } }, /comparison that is not known/],
    [{ detail: { status: [] } }, /empty list/],
    [{}, /pattern is empty/],
  ])('is refused when it is registered: %j', (pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(message);
  });
});
