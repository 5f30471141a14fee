import { describe, expect, test } from '@jest/globals';
import { refuseTooLarge } from '../../lib/template-limits.ts';

const template = (Resources: object) => [{ stack: 'tanker-eu', text: JSON.stringify({ Resources }) }];
const policy = (type: string, characters: number) => ({
  Type: `AWS::IAM::${type}`,
  Properties: { Roles: [{ Ref: 'TheRole' }], PolicyDocument: { Statement: ['x'.repeat(characters)] } },
});
const TheRole = { Type: 'AWS::IAM::Role', Properties: {} };

describe('a template is refused', () => {
  test('when the policies of a role are together too long, by the role, the size and the quota', () => {
    const Two = { TheRole, A: policy('Policy', 5000), B: policy('Policy', 6000) };
    expect(() => refuseTooLarge(template(Two))).toThrow(
      'tanker-eu: the role TheRole has 11036 characters of inline policies; AWS takes 10240. Name fewer datacenters',
    );
    expect(() => refuseTooLarge(template({ TheRole, A: policy('Policy', 10_000) }))).not.toThrow();
  });

  test('when a managed policy is too long, or a role has too many', () => {
    expect(() => refuseTooLarge(template({ TheRole, A: policy('ManagedPolicy', 6200) }))).toThrow(
      'the managed policy A of the role TheRole has 6218 characters; AWS takes 6144',
    );
    const many = Object.fromEntries([...'ABCDEFGHIJK'].map((id) => [id, policy('ManagedPolicy', 10)]));
    expect(() => refuseTooLarge(template({ TheRole, ...many }))).toThrow(
      'the role TheRole has 11 managed policies; AWS takes 10',
    );
  });

  test('when the environment of a function is too long; a reference counts as a long ARN', () => {
    const Fn = (Variables: object) => ({
      Fn: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables } } },
    });
    expect(() => refuseTooLarge(template(Fn({ A: 'ü'.repeat(2048) })))).toThrow(
      'the environment of the function Fn has 4097 octets; AWS takes 4096',
    );
    expect(() => refuseTooLarge(template(Fn({ A: 'x'.repeat(3966), B: { Ref: 'C' } })))).not.toThrow();
    expect(() => refuseTooLarge(template(Fn({ A: 'x'.repeat(3967), B: { Ref: 'C' } })))).toThrow('4097');
  });

  test('when it is longer than 1 MB, however many its resources', () => {
    const Thing = { Type: 'AWS::SQS::Queue', Properties: { Tags: 'x'.repeat(1_000_000) } };
    expect(() => refuseTooLarge(template({ Thing }))).toThrow(/the template has 1000\d\d\d octets/);
  });
});
