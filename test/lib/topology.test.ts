import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parseTopology, type TopologyInput } from '@tanker/contract/topology.ts';
import { loadTopology, TopologyRefused } from '../../lib/load-topology.ts';
import { ROOT } from '../../lib/paths.ts';
import example from '../../topology.example.ts';

const VPC = {
  vpcId: 'vpc-0a1b2c3d4e5f60718',
  subnetIds: ['subnet-0a1b2c3d4e5f60718'],
  securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
};

const many = (ids: readonly string[], count: number) => Array.from({ length: count }, () => ids[0]);

const messageOf = (change: (topology: TopologyInput) => void): string => {
  const topology = structuredClone(example);
  change(topology);
  try {
    parseTopology(topology, 'topology.ts');
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The topology was accepted.');
};

type Node = Record<string, unknown>;

/** Sets the value at a path, whatever its type: mistakes are what is tested. */
const put = (path: string, value: unknown) => (topology: TopologyInput) => {
  const steps = path.split('.');
  const last = steps.pop() as string;
  let target = topology as unknown as Node;
  for (const step of steps) target = target[step] as Node;
  if (value === undefined) delete target[last];
  else target[last] = value;
};

describe('a mistake in the topology', () => {
  test.each<[string, unknown, string, RegExp]>([
    ['installation', 'Tanker', 'installation', /2 to 16 lower-case letters/],
    ['installation', 'a-very-long-installation', 'installation', /2 to 16/],
    ['account', '1234', 'account', /account id of 12 digits/],
    ['account', 111122223333, 'account', /expected string/],
    ['controlRegion', 'europe', 'controlRegion', /an AWS region such as eu-central-1/],
    ...['cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1'].map(
      (region) =>
        ['controlRegion', region, 'controlRegion', /not supported/] as [string, unknown, string, RegExp],
    ),
    ['datacenters', [], 'datacenters', /at least one datacenter/],
    ['datacenters', Array.from({ length: 21 }, () => example.datacenters[0]), 'datacenters', /<=20/],
    ['datacenters.0.name', 'US', 'datacenters[0].name', /1 to 24 lower-case letters/],
    ['datacenters.0.name', 'control', 'datacenters[0].name', /take another/],
    ['datacenters.1.name', 'eu-', 'datacenters[1].name', /end it with a letter or digit/],
    ['datacenters.1.name', 'us', 'datacenters[1].name', /"us" is there twice/],
    ['datacenters.0.region', 'us-east', 'datacenters[0].region', /an AWS region/],
    ['datacenters.0.jurisdiction', 'us', 'datacenters[0].jurisdiction', /in capitals such as EU/],
    ['datacenters.0.servers', [], 'datacenters[0].servers', /at least one server/],
    ['datacenters.1.servers', ['db1', 'db1'], 'datacenters[1].servers[1]', /"db1" is there twice/],
    ['datacenters.0.vpc', { ...VPC, vpcId: 'vpc-1' }, 'datacenters[0].vpc.vpcId', /a VPC id such as/],
    ['datacenters.0.vpc', { ...VPC, subnetIds: [] }, 'datacenters[0].vpc.subnetIds', />=1|at least/],
    [
      'datacenters.0.vpc',
      { ...VPC, subnetIds: many(VPC.subnetIds, 17) },
      'datacenters[0].vpc.subnetIds',
      /<=16/,
    ],
    [
      'datacenters.0.vpc',
      { ...VPC, securityGroupIds: many(VPC.securityGroupIds, 6) },
      'datacenters[0].vpc.securityGroupIds',
      /<=5/,
    ],
    [
      'datacenters.0.vpc',
      { ...VPC, securityGroupIds: ['default'] },
      'datacenters[0].vpc.securityGroupIds[0]',
      /a security group id such as/,
    ],
    ['gateway.url', 'http://gateway.example.com', 'gateway.url', /https/],
    ['gateway.url', 'https://gateway.example.com/', 'gateway.url', /without a slash at its end/],
    ['gateway.operatorSecret', 'not a name', 'gateway.operatorSecret', /a Secrets Manager name/],
    ['gateway.readerSecret', 'tanker/gateway-operator', 'gateway.readerSecret', /another token/],
    ['providers', [], 'providers', /at least one provider/],
    ['providers.0.name', 'Contacts', 'providers[0].name', /a provider name: 1 to 24/],
    ['providers.1.name', 'contacts', 'providers[1].name', /"contacts" is there twice/],
    ['providers.0.secret', '', 'providers[0].secret', /a Secrets Manager name/],
    ['providers.0.secret', 'tanker/gateway-reader', 'providers[0].secret', /a token of its own/],
    ['providers.0.endpoints.eu', undefined, 'providers[0].endpoints.eu', /missing.*\(us, eu\)/],
    ['providers.0.endpoints.asia', 'https://x.example', 'providers[0].endpoints.asia', /allowed are us, eu/],
    ['providers.0.endpoints.us', 'contacts.example.com', 'providers[0].endpoints.us', /an https:\/\/ URL/],
    [
      'providers.2.importAfter',
      ['files'],
      'providers[2].importAfter[0]',
      /allowed are contacts, deals, mail/,
    ],
    ['providers.0.importAfter', ['deals'], 'providers', /in a circle: contacts after deals after contacts/],
    ['residency.0.to', 'CH', 'residency[0].to', /allowed are US, EU/],
    ['assumedBytesPerSecond', 0, 'assumedBytesPerSecond', />=1/],
    ['lockBudgetSeconds', 5, 'lockBudgetSeconds', />=10/],
    ['lockBudgetSeconds', 20_000, 'lockBudgetSeconds', /<=14400/],
    ['graceDays', 365, 'graceDays', /<=90/],
    ['retention.transferDays', 0, 'retention.transferDays', />=1/],
    ['retention.recordDays', 100, 'retention.recordDays', /one of 30, 60, 90, 180, 365, 400, 731/],
    ['retention.backupDays', 366, 'retention.backupDays', /<=365/],
    ['concurrency.providers', 100, 'concurrency.providers', /<=40/],
    ['alarms.emails.0', 'nobody', 'alarms.emails[0]', /an e-mail address/],
    ['alarms.urls', ['http://example.com/hook'], 'alarms.urls[0]', /an https:\/\/ URL/],
    ['alarms', { phones: [] }, 'alarms', /phones/],
    ['retencion', {}, '(the file)', /retencion/],
    ['gateway', undefined, 'gateway', /expected object/],
  ])('at %s = %j is told by its field and what is allowed', (path, value, field, allowed) => {
    const message = messageOf(put(path, value));
    const line = message.split('\n').find((text) => text.startsWith(`  ${field}: `));
    expect(line).toBeDefined();
    expect(line).toMatch(allowed);
    expect(message).toMatch(/^The topology topology\.ts has \d+ mistake\(s\); nothing was synthesized:/);
  });

  test('is records that are kept for fewer days than backups', () => {
    const message = messageOf((topology) => {
      put('retention.backupDays', 60)(topology);
      put('retention.recordDays', 30)(topology);
    });
    expect(message).toContain('retention.recordDays: 30, fewer than the 60 days of backups');
  });

  test('does not hide the next one', () => {
    const message = messageOf((topology) => {
      put('account', '1')(topology);
      put('graceDays', -1)(topology);
      put('datacenters.0.region', '')(topology);
    });
    expect(message).toContain('has 3 mistake(s)');
  });
});

describe('a topology file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tanker-topology-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('that ships is right', () => {
    const { installation, providers, datacenters } = parseTopology(example, 'topology.example.ts');
    expect(installation).toBe('tanker');
    expect(datacenters.map(({ name }) => name)).toEqual(['us', 'eu']);
    expect(providers.map(({ importAfter }) => importAfter)).toEqual([[], ['contacts'], ['contacts']]);
  });

  test('may be JSON', async () => {
    const { topology } = await loadTopology(file('right.json', JSON.stringify(example)));
    expect(topology).toEqual(parseTopology(example, 'topology.example.ts'));
  });

  test.each([
    ['that is not there', () => join(folder, 'none.ts'), /There is no topology file .*none\.ts/],
    ['of another kind', () => file('a.yaml', 'x: 1'), /neither a \.ts nor a \.json file/],
    ['that is no JSON', () => file('a.json', '{'), /can't be read; nothing was synthesized/],
    ['with a mistake', () => file('b.json', '{}'), /has \d+ mistake\(s\)/],
  ])('%s is refused in one readable text', async (_, path, message) => {
    const refused = await loadTopology(path()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TopologyRefused);
    expect((refused as Error).message).toMatch(message);
  });

  test('with a mistake ends the synthesis with that text alone and exit status 1', () => {
    const wrong = file('wrong.json', JSON.stringify({ ...example, account: '1' }));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/tanker.ts', '--topology', wrong], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^The topology .*wrong\.json has 1 mistake\(s\); nothing was synthesized:$/),
      '  account: an AWS account id of 12 digits',
    ]);
  }, 30_000);
});
