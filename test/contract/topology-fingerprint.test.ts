import { expect, test } from '@jest/globals';
import {
  AgentDoctorEvent,
  ControlDoctorEvent,
  Topology,
  topologyFingerprint,
} from '@tanker/contract/index.ts';
import { examineTopology } from '../../core/doctor.ts';
import { testTopology } from '../control/control-world.ts';

/** The same value with the members of every object in the reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

const topology = testTopology();

test('a topology has one fingerprint, however its file is written and whether defaults are said', () => {
  const { residency: _said, ...rest } = topology;
  const again = Topology.parse(reversed(JSON.parse(JSON.stringify(rest))));
  expect(topologyFingerprint(again)).toBe(topologyFingerprint({ ...topology, residency: [] }));
  expect(topologyFingerprint(topology)).toMatch(/^[0-9a-f]{64}$/);
});

test('any other value has another fingerprint', () => {
  const changed = { ...topology, lockBudgetSeconds: topology.lockBudgetSeconds + 1 };
  const server = structuredClone(topology);
  server.datacenters[0]?.servers.push('db9');
  const prints = [topology, changed, server].map(topologyFingerprint);
  expect(new Set(prints).size).toBe(3);
});

test('a doctor answers with the fingerprint of what it was deployed with', async () => {
  const now = () => new Date('2026-03-01T10:00:00.000Z');
  expect(await examineTopology(topology, now)).toEqual({
    refusal: null,
    roundTripMilliseconds: 0,
    now: '2026-03-01T10:00:00.000Z',
    topology: topologyFingerprint(topology),
  });
  expect(ControlDoctorEvent.safeParse({ ask: 'topology' }).success).toBe(true);
  expect(AgentDoctorEvent.safeParse({ ask: 'topology' }).success).toBe(true);
});
