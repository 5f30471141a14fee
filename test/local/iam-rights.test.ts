import { beforeEach, describe, expect, test } from '@jest/globals';
import { createIam, type Iam } from '../../local/iam/iam.ts';
import { policyProblems, type Statement } from '../../local/iam/policy.ts';
import { unusedActions } from '../../local/iam/usage.ts';

const ACCOUNT = '111122223333';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/agent`;
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/k`;
const QUEUE = `arn:aws:sqs:eu-west-1:${ACCOUNT}:dead`;
const RULE = `arn:aws:events:eu-west-1:${ACCOUNT}:rule/r`;
const allow = (more: Partial<Statement>): Statement => ({ Effect: 'Allow', Resource: '*', ...more });

let iam: Iam;
const decrypt = () =>
  iam.authorizeRole(ROLE, {
    action: 'kms:Decrypt',
    resource: KEY,
    region: 'eu-west-1',
    operation: 'GetObject',
  });

beforeEach(() => {
  iam = createIam();
  iam.addRole(ROLE, [allow({ Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } })]);
});

describe("a key's policy (KMS, 'Key policies in AWS KMS')", () => {
  const account = { Action: 'kms:*', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } };

  test('that names the account leaves it to the policies of its roles', () => {
    iam.setKeyPolicy(KEY, [allow(account)]);
    expect(decrypt).toThrow('no identity-based policy allows the kms:Decrypt action');
    iam.addStatements(ROLE, [allow({ Action: 'kms:Decrypt', Resource: KEY })]);
    expect(decrypt).not.toThrow();
  });

  test("that doesn't name the account is not helped by a role's own policy", () => {
    iam.setKeyPolicy(KEY, []);
    iam.addStatements(ROLE, [allow({ Action: 'kms:Decrypt', Resource: KEY })]);
    expect(decrypt).toThrow('no resource-based policy allows the kms:Decrypt action');
  });

  test('that names the role suffices, and its Deny wins', () => {
    const named = { Action: 'kms:Decrypt', Principal: { AWS: ROLE } };
    iam.setKeyPolicy(KEY, [allow(named)]);
    expect(decrypt).not.toThrow();
    iam.setKeyPolicy(KEY, [allow(named), { ...allow(named), Effect: 'Deny' }]);
    expect(decrypt).toThrow('with an explicit deny');
  });
});

describe('a service', () => {
  test("acts as a role only if the role's trust policy says so (IAM, 'The confused deputy problem')", () => {
    expect(() => iam.assertTrusts(ROLE, 'lambda.amazonaws.com')).not.toThrow();
    expect(() => iam.assertTrusts(ROLE, 'states.amazonaws.com')).toThrow(
      "can't be assumed by states.amazonaws.com",
    );
    iam.addRole('arn:aws:iam::111122223333:role/nobody');
    expect(() => iam.assertTrusts('arn:aws:iam::111122223333:role/nobody', 'lambda.amazonaws.com')).toThrow();
  });

  test("reaches a queue by the queue's policy alone, for the rule that it names (EventBridge, 'Using dead-letter queues')", () => {
    const send = (rule: string) => () =>
      iam.authorizeService('events.amazonaws.com', {
        action: 'sqs:SendMessage',
        resource: QUEUE,
        region: 'eu-west-1',
        operation: 'SendMessage',
        context: { 'aws:SourceArn': rule },
      });
    expect(send(RULE)).toThrow('events.amazonaws.com is not authorized to perform: sqs:SendMessage');
    iam.addResourcePolicy(QUEUE, [
      allow({
        Action: 'sqs:SendMessage',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': RULE } },
      }),
      {
        Effect: 'Deny',
        Action: 'sqs:*',
        Resource: '*',
        Principal: { AWS: '*' },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
    expect(send(RULE)).not.toThrow();
    expect(send(`${RULE}2`)).toThrow();
  });
});

test('a condition key that nothing fills is a problem of the policy, one in use is not', () => {
  const statement = (key: string) =>
    allow({ Sid: 'S', Action: 's3:*', Condition: { StringEquals: { [key]: 'x' } } });
  expect(policyProblems([statement('aws:PrincipalOrgID')])).toEqual([
    'statement S has the condition key aws:PrincipalOrgID, which no service of the embedded cloud fills',
  ]);
  expect(policyProblems([statement('kms:ViaService'), statement('s3:ExistingObjectTag/kind')])).toEqual([]);
});

describe('the use of rights', () => {
  const get = (action: string, resource: string) =>
    iam.authorizeRole(ROLE, { action, resource, region: 'eu-west-1', operation: 'x' });

  beforeEach(() => {
    iam.addStatements(ROLE, [
      allow({ Action: ['s3:GetObject', 's3:PutObject'], Resource: ['arn:aws:s3:::a/*', 'arn:aws:s3:::b/*'] }),
      allow({ Action: 'xray:PutTraceSegments' }),
    ]);
  });

  test('is counted by action and resource pattern; what is never asked here has a reason', () => {
    get('s3:GetObject', 'arn:aws:s3:::a/1');
    get('s3:GetObject', 'arn:aws:s3:::a/2');
    expect(iam.usage().filter(({ uses }) => uses > 0)).toEqual([
      { roleArn: ROLE, action: 's3:GetObject', resource: 'arn:aws:s3:::a/*', uses: 2 },
    ]);
    expect(unusedActions(iam.usage())).toEqual([
      { roleArn: ROLE, action: 's3:PutObject', resources: ['arn:aws:s3:::a/*', 'arn:aws:s3:::b/*'] },
      {
        roleArn: ROLE,
        action: 'xray:PutTraceSegments',
        resources: ['*'],
        reason: expect.stringContaining('traces'),
      },
    ]);
    iam.resetUsage();
    expect(iam.usage().every(({ uses }) => uses === 0)).toBe(true);
  });

  test('shows what needs a right that is taken away, until it is given back', () => {
    const give = iam.withhold(ROLE, 's3:GetObject');
    expect(() => get('s3:GetObject', 'arn:aws:s3:::a/1')).toThrow('no identity-based policy');
    expect(() => get('s3:PutObject', 'arn:aws:s3:::a/1')).not.toThrow();
    expect(iam.refusals(ROLE, 's3:GetObject')).toBe(1);
    give();
    expect(() => get('s3:GetObject', 'arn:aws:s3:::a/1')).not.toThrow();
  });
});
