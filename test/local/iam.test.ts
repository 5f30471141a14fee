import { describe, expect, test } from '@jest/globals';
import { createIam } from '../../local/iam/iam.ts';
import { evaluate, policyProblems, type Statement } from '../../local/iam/policy.ts';

const ROLE = 'arn:aws:iam::111122223333:role/agent';
const TABLE = 'arn:aws:dynamodb:eu-west-1:111122223333:table/tanker';

function verdict(statements: Partial<Statement>[], question: { resource?: string; context?: object } = {}) {
  const whole = statements.map((one): Statement => ({ Effect: 'Allow', Action: '*', Resource: '*', ...one }));
  return evaluate(whole, {
    action: 'dynamodb:GetItem',
    principal: ROLE,
    resource: TABLE,
    context: {},
    ...(question as object),
  });
}

// Source: IAM, "Policy evaluation logic" and "IAM JSON policy elements reference".
describe('a policy', () => {
  test.each<[string, Partial<Statement>[], string]>([
    ['allows what it names', [{ Action: 'dynamodb:GetItem', Resource: TABLE }], 'allowed'],
    ['reads actions without regard to case', [{ Action: 'DynamoDB:getitem' }], 'allowed'],
    [
      'reads wildcards',
      [{ Action: ['s3:*', 'dynamodb:Get*'], Resource: 'arn:aws:dynamodb:*:table/tan?er' }],
      'allowed',
    ],
    ['says nothing about another action', [{ Action: 'dynamodb:PutItem' }], 'not mentioned'],
    ['says nothing about another resource', [{ Resource: `${TABLE}/index/*` }], 'not mentioned'],
    ['refuses by a Deny beside an Allow', [{}, { Effect: 'Deny', Action: 'dynamodb:*' }], 'denied'],
    ['reads NotAction', [{ Action: undefined, NotAction: 'dynamodb:GetItem' }], 'not mentioned'],
    ['reads NotResource', [{ Resource: undefined, NotResource: 'arn:aws:s3:::*' }], 'allowed'],
    ['reads the principals of a resource policy', [{ Principal: { AWS: `${ROLE}x` } }], 'not mentioned'],
    [
      'leaves it to their own policies when it names the account of its roles',
      [{ Principal: { AWS: 'arn:aws:iam::111122223333:root' } }],
      'delegated',
    ],
  ])('%s', (_, statements, expected) => {
    expect(verdict(statements)).toBe(expected);
  });

  test.each<[Record<string, Record<string, unknown>>, Record<string, string | string[]>, boolean]>([
    [{ StringEquals: { 'kms:ViaService': ['a', 'b'] } }, { 'kms:ViaService': 'b' }, true],
    [{ StringEquals: { 'kms:ViaService': 'a' } }, {}, false],
    [{ StringNotEquals: { 'kms:ViaService': 'a' } }, {}, true],
    [{ StringNotEquals: { 'kms:ViaService': ['a', 'b'] } }, { 'kms:ViaService': 'b' }, false],
    [{ StringEqualsIfExists: { 'kms:ViaService': 'a' } }, {}, true],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'true' }, false],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/a*' } }, { 'aws:PrincipalArn': ROLE }, true],
    [
      { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'T#*' } },
      { 'dynamodb:LeadingKeys': ['T#1', 'X'] },
      false,
    ],
    [
      { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': 'T#*' } },
      { 'dynamodb:LeadingKeys': ['T#1', 'X'] },
      true,
    ],
    [{ Null: { 's3:prefix': 'true' } }, {}, true],
    [{ NumericLessThan: { 's3:max-keys': 10 } }, { 's3:max-keys': '9' }, true],
  ])('with the condition %j and the keys %j applies: %s', (Condition, context, expected) => {
    expect(verdict([{ Condition }], { context })).toBe(expected ? 'allowed' : 'not mentioned');
  });

  test('with an operator that is not known is a problem', () => {
    const statement: Statement = {
      Sid: 'Net',
      Effect: 'Allow',
      Condition: { IpAddress: { 'aws:SourceIp': 'x' } },
    };
    expect(policyProblems([statement])).toEqual([
      'statement Net has the condition operator IpAddress, which is not implemented',
      'statement Net has the condition key aws:SourceIp, which no service of the embedded cloud fills',
    ]);
  });
});

describe('a role', () => {
  const call = {
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::exports/acme',
    region: 'x',
    operation: 'GetObject',
  };

  test('is known by its credentials, and refused in the words of AWS', () => {
    const iam = createIam();
    iam.addRole(ROLE);
    const { accessKeyId } = iam.credentialsFor(ROLE);
    expect([iam.knows(accessKeyId), iam.knows('other')]).toEqual([true, false]);
    expect(() => iam.authorize({ ...call, accessKeyId })).toThrow(
      'User: arn:aws:sts::111122223333:assumed-role/agent/local is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::exports/acme because no identity-based policy allows the s3:GetObject action',
    );
  });

  test('may do what either its own policy or that of the bucket allows, unless one of them denies it', () => {
    const iam = createIam();
    iam.addRole(ROLE);
    const { accessKeyId } = iam.credentialsFor(ROLE);
    const allow = {
      Effect: 'Allow',
      Action: 's3:GetObject',
      Principal: { AWS: ROLE },
      Resource: '*',
    } as const;
    iam.addResourcePolicy('arn:aws:s3:::exports', [allow]);
    expect(() => iam.authorize({ ...call, accessKeyId })).not.toThrow();
    const deny = { ...allow, Effect: 'Deny', Condition: { StringLike: { 's3:prefix': 'secret*' } } } as const;
    iam.addResourcePolicy('arn:aws:s3:::exports', [deny]);
    expect(() => iam.authorize({ ...call, accessKeyId, context: { 's3:prefix': 'secret/a' } })).toThrow(
      'with an explicit deny',
    );
    expect(() => iam.authorize({ ...call, accessKeyId, context: { 's3:prefix': 'open/a' } })).not.toThrow();
  });
});
