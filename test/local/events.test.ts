import { beforeEach, describe, expect, test } from '@jest/globals';
import { createEvents, type Events } from '../../local/events/events.ts';
import type { RuleDefinition, TargetDefinition } from '../../local/events/rules.ts';
import { createFaults, type Faults } from '../../local/faults.ts';
import { createQueues, type Queues } from '../../local/queues.ts';
import { type TestClock, testClock } from './virtual-clock.ts';

const REGION = 'eu-west-1';
const FUNCTION = `arn:aws:lambda:${REGION}:000000000000:function:recover`;
const MACHINE = `arn:aws:states:${REGION}:000000000000:stateMachine:tanker-recover`;
const QUEUE = `arn:aws:sqs:${REGION}:000000000000:dead`;

let clock: TestClock;
let faults: Faults;
let queues: Queues;
let events: Events;
let sent: { to: string; payload: string }[];
let failure: Error | undefined;

beforeEach(() => {
  clock = testClock();
  faults = createFaults();
  queues = createQueues(clock.now);
  queues.create(QUEUE);
  sent = [];
  failure = undefined;
  const accept = async (to: string, payload: string) => {
    if (failure) throw failure;
    sent.push({ to, payload });
  };
  events = createEvents({
    clock,
    account: '000000000000',
    fault: faults.consult,
    invokeFunction: (_, arn, payload) => accept(arn, payload),
    startExecution: ({ stateMachineArn, input }) => accept(stateMachineArn, input),
    sendToQueue: queues.send,
    log: () => {},
  });
});

function addRule(target: Partial<TargetDefinition> = {}, rule: Partial<RuleDefinition> = {}): void {
  events.addRule(REGION, {
    name: 'rule',
    arn: `arn:aws:events:${REGION}:000000000000:rule/rule`,
    enabled: true,
    eventPattern: { source: ['aws.states'] },
    targets: [{ id: 'one', arn: FUNCTION, ...target }],
    ...rule,
  });
}

const settle = async () => {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

async function put(detail: unknown = { status: 'FAILED', name: 'acme-1' }): Promise<string> {
  const id = events.putEvent(REGION, { source: 'aws.states', 'detail-type': 'Status Change', detail });
  await settle();
  return id;
}

const timeout = Object.assign(new Error('slow down'), { name: 'TooManyRequestsException' });
const gone = Object.assign(new Error('gone'), { name: 'ResourceNotFoundException' });

describe('a rule', () => {
  // Source: EventBridge, "AWS service event metadata".
  test('sends the whole event to its target', async () => {
    addRule();
    const id = await put();
    expect(JSON.parse(sent[0]?.payload ?? '')).toEqual({
      version: '0',
      id,
      'detail-type': 'Status Change',
      source: 'aws.states',
      account: '000000000000',
      time: '2026-01-01T00:00:00Z',
      region: REGION,
      resources: [],
      detail: { status: 'FAILED', name: 'acme-1' },
    });
  });

  test('sees only its own region and is silent while disabled', async () => {
    addRule();
    addRule({}, { name: 'off', enabled: false });
    events.putEvent('us-east-1', { source: 'aws.states', 'detail-type': 'x', detail: {} });
    await settle();
    expect(sent).toHaveLength(0);
  });

  // Source: EventBridge, "Amazon EventBridge input transformation".
  test.each([
    [{ inputPath: '$.detail.name' }, 'acme-1'],
    [{ input: '{"fixed":true}' }, { fixed: true }],
    [
      {
        inputTransformer: {
          inputPathsMap: { name: '$.detail.name', all: '$.detail' },
          inputTemplate:
            '{"task":<name>,"text":"task <name>","detail":<all>,"rule":"<aws.events.rule-name>"}',
        },
      },
      { task: 'acme-1', text: 'task acme-1', detail: { status: 'FAILED', name: 'acme-1' }, rule: 'rule' },
    ],
  ])('makes the input that its target asks for: %j', async (target, expected) => {
    addRule({ ...target, arn: MACHINE });
    await put();
    expect(sent[0]?.to).toBe(MACHINE);
    expect(JSON.parse(sent[0]?.payload ?? '')).toEqual(expected);
  });

  test.each<[Partial<TargetDefinition>, Partial<RuleDefinition>, RegExp]>([
    [{ arn: QUEUE }, {}, /neither a function nor a state machine/],
    [{ arn: FUNCTION.replace(REGION, 'us-east-1') }, {}, /another region/],
    [{ inputPath: '$..name' }, {}, /not understood/],
    [{ inputTransformer: { inputPathsMap: {}, inputTemplate: '<name>' } }, {}, /<name> has no path/],
    [{}, { scheduleExpression: 'cron(0 12 * * ? *)' }, /only rates/],
  ])('is refused with what is not implemented: %j %j', (target, rule, message) => {
    expect(() => addRule(target, rule)).toThrow(message);
  });

  // Source: EventBridge, "Creating a rule that runs on a schedule": the event of a schedule.
  test('with a rate fires after each whole period, once schedules are started', async () => {
    addRule({}, { eventPattern: undefined, scheduleExpression: 'rate(5 minutes)' });
    clock.advance(600_000);
    events.startSchedules();
    clock.advance(600_000);
    await settle();
    expect(sent.map(({ payload }) => JSON.parse(payload)['detail-type'])).toEqual([
      'Scheduled Event',
      'Scheduled Event',
    ]);
    events.fire(REGION, 'rule');
    await settle();
    expect(sent).toHaveLength(3);
  });
});

// Source: EventBridge, "How EventBridge retries delivering events" and "Using dead-letter queues".
describe('a delivery that fails', () => {
  test('is tried again later when the target may recover', async () => {
    addRule({ deadLetterArn: QUEUE });
    failure = timeout;
    await put();
    failure = undefined;
    clock.advance(1_000);
    await settle();
    expect([sent.length, queues.messages(QUEUE).length, events.pending()]).toEqual([1, 0, 0]);
  });

  test('goes to the dead letter queue at once when the target is gone', async () => {
    addRule({ deadLetterArn: QUEUE });
    failure = gone;
    const id = await put();
    const [message] = queues.messages(QUEUE);
    expect(JSON.parse(message?.body ?? '').id).toBe(id);
    expect(message?.attributes).toMatchObject({
      ERROR_CODE: 'ResourceNotFoundException',
      TARGET_ARN: FUNCTION,
    });
  });

  test('goes there too when its retries are used up', async () => {
    addRule({ deadLetterArn: QUEUE, maximumRetryAttempts: 1 });
    failure = timeout;
    await put();
    clock.advance(1_000);
    await settle();
    expect(queues.messages(QUEUE)[0]?.attributes).toMatchObject({ RETRY_ATTEMPTS: '1' });
  });
});

describe('an injected fault', () => {
  test('drops an event, once', async () => {
    addRule();
    faults.set({
      service: 'events',
      match: { payload: { detail: { name: 'acme-1' } } },
      effect: { kind: 'drop' },
    });
    await put();
    expect(sent).toHaveLength(0);
    await put();
    expect(sent).toHaveLength(1);
  });

  test('delays an event', async () => {
    addRule();
    faults.set({ service: 'events', effect: { kind: 'delay', milliseconds: 5_000 } });
    await put();
    expect(sent).toHaveLength(0);
    clock.advance(5_000);
    await settle();
    expect(sent).toHaveLength(1);
  });

  test('delivers an event twice', async () => {
    addRule();
    faults.set({ service: 'events', effect: { kind: 'duplicate' } });
    await put();
    clock.advance(0);
    await settle();
    expect(sent).toHaveLength(2);
    expect(sent[0]).toEqual(sent[1]);
  });
});
