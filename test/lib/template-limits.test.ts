import { describe, expect, test } from '@jest/globals';
import type { TopologyInput } from '@tanker/contract/topology.ts';
import { type Measured, measure, refuseTooLarge } from '../../lib/template-limits.ts';
import example from '../../topology.example.ts';
import { type Synthesized, synthesize } from './synthesized.ts';

const REGIONS = ['ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'eu-central-1', 'us-east-1'];

/** A name as long as names may be. */
const long = (name: string, length: number): string => name.padEnd(length, 'x');

/** The example with so many datacenters and providers, under the longest names. */
function topologyOf(datacenterCount: number, providerCount: number): TopologyInput {
  const datacenters = Array.from({ length: datacenterCount }, (_, index) => ({
    name: long(`dc${index}`, 24),
    region: REGIONS[index % REGIONS.length] as string,
    jurisdiction: 'EU',
    servers: ['db1'],
  }));
  const providers = Array.from({ length: providerCount }, (_, index) => ({
    name: long(`p${index}`, 24),
    endpoints: Object.fromEntries(datacenters.map(({ name }) => [name, `https://p${index}.${name}.example`])),
    secret: long(`tanker/provider/p${index}`, 128),
  }));
  return { ...example, installation: long('tanker', 16), datacenters, providers, residency: [] };
}

const measured = ({ stacks }: Synthesized): Measured[] =>
  Object.entries(stacks).flatMap(([stack, { text }]) => measure({ stack, text }));

/** The fullest of its kind, as a part of its quota. */
const fullest = (all: readonly Measured[], unit: string): number =>
  Math.max(...all.filter((one) => one.unit === unit).map(({ size, quota }) => size / quota));

describe('what AWS takes of a template', () => {
  test('has room for 200 providers', () => {
    const synthesized = synthesize({ topology: topologyOf(2, 200), nag: false });
    const all = measured(synthesized);
    expect(fullest(all, 'characters of inline policies')).toBeLessThan(0.5);
    expect(fullest(all, 'characters')).toBeLessThan(1);
    expect(fullest(all, 'octets')).toBeLessThan(0.6);
    for (const { Resources } of Object.values(synthesized.stacks)) {
      expect(Object.keys(Resources).length).toBeLessThan(400);
    }
  }, 120_000);

  test('has room for 20 datacenters, with cdk-nag on: rights that are too many for a role stand in policies of their own', () => {
    const synthesized = synthesize({ topology: topologyOf(20, 3), nag: true });
    const all = measured(synthesized);
    for (const unit of new Set(all.map((one) => one.unit))) expect(fullest(all, unit)).toBeLessThanOrEqual(1);
    expect(fullest(all, 'managed policies')).toBe(0.3);
    const text = synthesized.stacks[`${long('tanker', 16)}-control`]?.text ?? '';
    for (const { name } of topologyOf(20, 3).datacenters) expect(text).toContain(`${name}-describe"`);
  }, 180_000);
});

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
