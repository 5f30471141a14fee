import { describe, expect, test } from '@jest/globals';
import { createThrottles } from '../../local/throttles.ts';

/** A clock that the test moves. */
function standing() {
  let now = 0;
  return {
    clock: { now: () => now, after: () => () => {} },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

const taken = (take: () => boolean): number => {
  let count = 0;
  while (count < 10_000 && take()) count += 1;
  return count;
};

// Source: Step Functions service quotas, "API action throttling".
describe('throttles', () => {
  test('are off until they are switched on', () => {
    const throttles = createThrottles(standing().clock);
    expect(taken(() => throttles.take('states:ListExecutions', 'eu-central-1'))).toBe(10_000);
    expect(throttles.turn('StateTransition', 'eu-central-1')).toBe(0);
  });

  test.each([
    ['states:StartExecution', 'eu-west-1', 1300, 300],
    ['states:StartExecution', 'eu-central-1', 800, 150],
    ['states:DescribeExecution', 'eu-central-1', 250, 10],
    ['states:SendTaskHeartbeat', 'eu-central-1', 1500, 300],
    // Source: ECS Developer Guide, "AWS Fargate throttling quotas".
    ['ecs:RunTask', 'eu-central-1', 20, 20],
    ['FargateLaunch', 'eu-central-1', 100, 20],
  ])('let %s in %s come %i times at once, then %i a second', (name, region, burst, perSecond) => {
    const { clock, pass } = standing();
    const throttles = createThrottles(clock);
    throttles.set({ enabled: true });
    expect(taken(() => throttles.take(name, region))).toBe(burst);
    pass(1000);
    expect(taken(() => throttles.take(name, region))).toBe(perSecond);
    expect(throttles.take(name, 'ap-south-1')).toBe(true);
  });

  test('delay state transitions instead of refusing them (quotas, "State throttling")', () => {
    const { clock, pass } = standing();
    const throttles = createThrottles(clock);
    throttles.set({ enabled: true, limits: { StateTransition: { burst: 2, perSecond: 4 } } });
    const turns = Array.from({ length: 4 }, () => throttles.turn('StateTransition', 'eu-west-1'));
    expect(turns).toEqual([0, 0, 250, 500]);
    pass(1000);
    expect(throttles.turn('StateTransition', 'eu-west-1')).toBe(0);
    expect(throttles.counts()).toEqual({ 'StateTransition eu-west-1': 2 });
  });

  test('take nothing for what they refuse: a call for more than is left leaves it', () => {
    const throttles = createThrottles(standing().clock);
    throttles.set({ enabled: true });
    expect(throttles.take('FargateLaunch', 'eu-west-1', 95)).toBe(true);
    expect(throttles.take('FargateLaunch', 'eu-west-1', 10)).toBe(false);
    expect(throttles.take('FargateLaunch', 'eu-west-1', 5)).toBe(true);
  });

  test('refuse an API call as AWS JSON services do', () => {
    const throttles = createThrottles(standing().clock);
    throttles.set({ enabled: true, limits: { 'states:StopExecution': { burst: 1, perSecond: 1 } } });
    const call = {
      action: 'states:StopExecution',
      operation: 'StopExecution',
      resource: '*',
      region: 'eu-west-1',
      accessKeyId: 'x',
    };
    expect(throttles.inject(call)).toBeUndefined();
    expect(throttles.inject(call)).toEqual({
      status: 400,
      code: 'ThrottlingException',
      message: 'Rate exceeded',
    });
  });
});
