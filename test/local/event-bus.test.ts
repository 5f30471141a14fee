import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEvents, type Events } from '../../local/events/events.ts';
import type { RuleDefinition } from '../../local/events/rules.ts';
import { AccessDenied, type ServiceCall } from '../../local/hooks.ts';
import { type Loopback, serve } from './loopback.ts';
import { testClock } from './virtual-clock.ts';

const REGION = 'eu-central-1';
const ACCOUNT = '000000000000';
const busArn = (name: string, region = REGION) => `arn:aws:events:${region}:${ACCOUNT}:event-bus/${name}`;

let events: Events;
let loopback: Loopback;
let client: EventBridgeClient;
let reached: string[];
let calls: ServiceCall[];
let denied: string | undefined;

beforeEach(async () => {
  reached = [];
  calls = [];
  denied = undefined;
  events = createEvents({
    clock: testClock(),
    account: ACCOUNT,
    authorize(call) {
      calls.push(call);
      if (call.resource === denied) throw new AccessDenied('no policy allows it');
    },
    invokeFunction: async (_, arn) => void reached.push(arn),
    startExecution: async () => {},
    sendToQueue: () => {},
    log: () => {},
  });
  events.addBus(REGION, 'tanker');
  loopback = await serve(events.handle);
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  client = new EventBridgeClient({
    region: REGION,
    endpoint: loopback.endpoint,
    credentials,
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await loopback.close();
});

const rule = (name: string, more: Partial<RuleDefinition> = {}): RuleDefinition => ({
  name,
  arn: `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}`,
  enabled: true,
  eventPattern: { source: ['shop'] },
  targets: [{ id: 'one', arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}` }],
  ...more,
});

const settle = () => new Promise((resolve) => setImmediate(resolve));
async function put(...entries: PutEventsRequestEntry[]) {
  const answer = await client.send(
    new PutEventsCommand({
      Entries: entries.map((entry) => ({ Source: 'shop', DetailType: 'x', Detail: '{}', ...entry })),
    }),
  );
  await settle();
  return answer;
}

// Source: EventBridge, "Event buses in Amazon EventBridge".
describe('an event bus', () => {
  test('reaches the rules on it, by its name or its ARN, and no rules of others', async () => {
    events.addRule(REGION, rule('own', { bus: 'tanker' }));
    events.addRule(REGION, rule('other'));
    await put({ EventBusName: 'tanker' }, { EventBusName: busArn('tanker') }, {});
    expect(reached.map((arn) => arn.split(':').at(-1)).sort()).toEqual(['other', 'own', 'own']);
  });

  test('is heard by a listener until it stops', async () => {
    const heard: unknown[] = [];
    const stop = events.listen(REGION, 'tanker', ({ detail }) => void heard.push(detail));
    await put({ EventBusName: 'tanker', Detail: '{"n":1}' }, { Detail: '{"n":2}' });
    stop();
    await put({ EventBusName: 'tanker', Detail: '{"n":3}' });
    expect(heard).toEqual([{ n: 1 }]);
  });

  test('asks for the right on that very bus', async () => {
    await put({ EventBusName: 'tanker' });
    expect(calls).toMatchObject([{ action: 'events:PutEvents', resource: busArn('tanker') }]);
    denied = busArn('tanker');
    await expect(put({}, { EventBusName: 'tanker' })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(put({})).resolves.toMatchObject({ FailedEntryCount: 0 });
  });

  // Source: EventBridge, "Creating a rule that runs on a schedule"; API error seen on AWS.
  test('has no schedules, and no rule can be on a bus that is not there', () => {
    const scheduled = rule('r', {
      bus: 'tanker',
      eventPattern: undefined,
      scheduleExpression: 'rate(1 day)',
    });
    expect(() => events.addRule(REGION, scheduled)).toThrow('only on the default event bus');
    expect(() => events.addRule(REGION, rule('r', { bus: 'other' }))).toThrow('does not exist');
    expect(() => events.addBus(REGION, 'tanker')).toThrow('already exists');
  });
});

// Source: EventBridge API Reference, "PutEventsResultEntry"; recorded codes and words.
describe('an entry that is refused', () => {
  test.each<[PutEventsRequestEntry, string]>([
    [{ EventBusName: 'nowhere' }, 'ResourceNotFoundException'],
    [{ EventBusName: busArn('tanker', 'us-east-1') }, 'ResourceNotFoundException'],
    [{ Source: '' }, 'InvalidArgument'],
    [{ Detail: 'text' }, 'MalformedDetail'],
    [{ Detail: '[1]' }, 'MalformedDetail'],
    [{ Detail: '"text"' }, 'MalformedDetail'],
    [{ Source: 'aws.states' }, 'NotAuthorizedForSourceException'],
  ])('leaves the others of its call alone: %j', async (entry, code) => {
    const heard: unknown[] = [];
    events.listen(REGION, 'tanker', (event) => void heard.push(event));
    const good = { EventBusName: 'tanker' };
    const { FailedEntryCount, Entries } = await put(good, { EventBusName: 'tanker', ...entry }, good);
    expect(FailedEntryCount).toBe(1);
    expect(Entries?.map(({ EventId, ErrorCode }) => ErrorCode ?? typeof EventId)).toEqual([
      'string',
      code,
      'string',
    ]);
    expect(heard).toHaveLength(2);
  });
});
