import { describe, expect, test } from '@jest/globals';
import { keys, parseTopology } from '../../contract/index.ts';
import { courseOf } from '../../demo/migrate/course.ts';
import { failureOf, holdOf } from '../../demo/migrate/faults.ts';
import { FAILING_PHASES } from '../../demo/migrate/options.ts';
import { choosePorts } from '../../demo/world/ports.ts';
import { LOCATIONS, worldTopology } from '../../demo/world/topology.ts';

describe('the course of the story', () => {
  test('goes to the other datacenter, or to the other server of the same one', () => {
    expect(courseOf({})).toMatchObject({
      from: { datacenter: 'us', server: 'db1' },
      to: { datacenter: 'eu', server: 'db1' },
    });
    expect(courseOf({ sameDatacenter: true })).toMatchObject({
      from: { datacenter: 'us', server: 'db1' },
      to: { datacenter: 'us', server: 'db2' },
    });
  });

  test('decides which agents a fault hits: those of its source before the import, of its target from it on', async () => {
    const topology = parseTopology(worldTopology(await choosePorts()), 'of the world');
    const regions = (sameDatacenter?: true) =>
      ['drain', 'import'].map(
        (phase) =>
          failureOf(topology, courseOf(sameDatacenter ? { sameDatacenter } : {}), phase as 'drain', 'acme')
            .region,
      );
    expect(regions()).toEqual(['us-east-1', 'eu-central-1']);
    expect(regions(true)).toEqual(['us-east-1', 'us-east-1']);
    for (const phase of FAILING_PHASES) {
      expect(holdOf(topology, courseOf({ sameDatacenter: true }), phase, 'acme').region).not.toBe(
        'eu-central-1',
      );
    }
  });
});

test('a fault in a transfer hits what gives it to its Fargate task, where no function runs it', async () => {
  const ports = await choosePorts();
  const hit = (transfer: 'lambda' | 'fargate') => {
    const topology = parseTopology(worldTopology(ports, { transfer }), 'of the world');
    const { region, match } = failureOf(topology, courseOf({}), 'export', 'acme');
    return [region, match];
  };
  const payload = { company: 'acme', provider: 'deals' };
  expect(hit('lambda')).toEqual([
    'us-east-1',
    { operation: 'Run', functionName: 'tanker-us-export', payload },
  ]);
  expect(hit('fargate')).toEqual([
    'eu-west-1',
    { operation: 'Run', functionName: 'tanker-dispatch', payload: { ...payload, action: 'export' } },
  ]);
});

test('the records of one step at two servers of a datacenter have keys of their own', () => {
  const at = { task: 't', epoch: 1, phase: 'verify', action: 'seal', provider: 'deals' } as const;
  const [db1, db2] = LOCATIONS.filter(({ datacenter }) => datacenter === 'us').map((location) => [
    keys.subtask({ ...at, location }),
    keys.debt('acme', location, 'deals'),
  ]);
  expect(db1?.[0]).not.toEqual(db2?.[0]);
  expect(db1?.[1]).not.toEqual(db2?.[1]);
});
