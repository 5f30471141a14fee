import { describe, expect, test } from '@jest/globals';
import { createIam } from '../../local/iam/iam.ts';
import { evaluate, policyProblems, type Statement } from '../../local/iam/policy.ts';
import { malformedDocument, type PolicyKind } from '../../local/iam/policy-document.ts';

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
    [{ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'T#*' } }, {}, true],
    [
      {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'T#*' },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
      {},
      false,
    ],
    [{ Null: { 's3:prefix': 'true' } }, {}, true],
    [{ NumericLessThan: { 's3:max-keys': 10 } }, { 's3:max-keys': '9' }, true],
  ])('with the condition %j and the keys %j applies: %s', (Condition, context, expected) => {
    expect(verdict([{ Condition }], { context })).toBe(expected ? 'allowed' : 'not mentioned');
  });

  test('allows by no other effect than Allow', () => {
    const statement = { Effect: 'allow', Action: '*', Resource: '*' } as unknown as Statement;
    expect(verdict([statement])).toBe('not mentioned');
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

// Source: IAM, "Grammar of the IAM JSON policy language"; the words are those of IAM's refusals.
describe('a policy document is malformed', () => {
  const right = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::exports/*' };
  const without = (element: string) =>
    Object.fromEntries(Object.entries(right).filter(([name]) => name !== element));
  const problems = (statement: object, kind: PolicyKind = 'identity') =>
    malformedDocument({ Version: '2012-10-17', Statement: [statement] }, kind);

  test.each<[string, object, string]>([
    ['without an effect', without('Effect'), 'Syntax errors in policy.'],
    ['with another effect', { ...right, Effect: 'allow' }, 'Syntax errors in policy.'],
    ['without an action', without('Action'), 'Policy statement must contain actions.'],
    ['with no action', { ...right, Action: [] }, 'Policy statement must contain actions.'],
    [
      'with an action of no service',
      { ...right, Action: ['s3:GetObject', 'GetObject'] },
      'Actions/Conditions must be prefaced by a vendor',
    ],
    ['without a resource', without('Resource'), 'Policy statement must contain resources.'],
    [
      'with a name for a resource',
      { ...right, Resource: ['*', 'exports'] },
      'Resource exports must be in ARN format or "*".',
    ],
    ['with an ARN that is cut off', { ...right, Resource: 'arn:aws:s3' }, 'Resource arn:aws:s3 must be'],
    ['with an element that IAM does not know', { ...right, Actions: 's3:*' }, 'Syntax errors in policy.'],
    [
      'with a principal beside an identity',
      { ...right, Principal: '*' },
      'Policy document should not specify a principal.',
    ],
    [
      'with an operator that IAM does not know',
      { ...right, Condition: { StringStartsWith: { 's3:prefix': 'a' } } },
      'Invalid Condition type : StringStartsWith.',
    ],
    [
      'with a condition key of no service',
      { ...right, Condition: { StringEquals: { prefix: 'a' } } },
      'Actions/Conditions must be prefaced by a vendor',
    ],
  ])('%s', (_, statement, words) => {
    expect(problems(statement)).toEqual([expect.stringContaining(`MalformedPolicyDocument: ${words}`)]);
  });

  test('without a statement', () => {
    expect(malformedDocument({}, 'identity')).toHaveLength(1);
  });

  test('of a trust with a resource, or of a resource without a principal', () => {
    const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 's3.amazonaws.com' } };
    expect(problems(trust, 'trust')).toEqual([]);
    expect(problems({ ...trust, Resource: '*' }, 'trust')).toEqual([
      'MalformedPolicyDocument: Has prohibited field Resource',
    ]);
    expect(problems({ ...right, Principal: '*' }, 'resource')).toEqual([]);
    expect(problems(right, 'resource')).toEqual([
      'MalformedPolicyDocument: Missing required field Principal',
    ]);
  });

  test('and is not with set operators, patterns and NotAction', () => {
    const Condition = {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['task#*'] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
      NumericLessThanEqualsIfExists: { 's3:max-keys': 10 },
    };
    const statement = { Effect: 'Deny', NotAction: 's3:Get*', NotResource: 'arn:aws:s3:::*', Condition };
    expect(problems(statement)).toEqual([]);
    expect(problems(right)).toEqual([]);
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
