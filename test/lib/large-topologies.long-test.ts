import { expect, test } from '@jest/globals';
import { fullest, long, measured, topologyOf } from './large-topology.ts';
import { synthesize } from './synthesized.ts';

test('a template has room for 20 datacenters, with cdk-nag on: rights that are too many for a role stand in policies of their own', () => {
  const synthesized = synthesize({ topology: topologyOf(20, 3), nag: true });
  const all = measured(synthesized);
  for (const unit of new Set(all.map((one) => one.unit))) expect(fullest(all, unit)).toBeLessThanOrEqual(1);
  expect(fullest(all, 'managed policies')).toBe(0.3);
  const text = synthesized.stacks[`${long('tanker', 16)}-control`]?.text ?? '';
  for (const { name } of topologyOf(20, 3).datacenters) expect(text).toContain(`${name}-describe"`);
}, 180_000);

test('a template has room for 200 providers', () => {
  const synthesized = synthesize({ topology: topologyOf(2, 200), nag: false });
  const all = measured(synthesized);
  expect(fullest(all, 'characters of inline policies')).toBeLessThan(0.5);
  expect(fullest(all, 'characters')).toBeLessThan(1);
  expect(fullest(all, 'octets')).toBeLessThan(0.6);
  for (const { Resources } of Object.values(synthesized.stacks)) {
    expect(Object.keys(Resources).length).toBeLessThan(400);
  }
}, 120_000);
