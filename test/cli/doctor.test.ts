import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  for (const name of Object.keys(world.doctors)) delete world.doctors[name];
});

describe('doctor', () => {
  test('asks every provider at every location through its own datacenter, and is well', async () => {
    const { code, out } = await world.tanker('doctor', '--json');
    expect(code).toBe(0);
    const { findings } = JSON.parse(out);
    const places = findings
      .filter(({ patient }: { patient: string }) => patient === 'deals')
      .map(({ place }: { place: string }) => place);
    expect(places).toEqual(['us/db1', 'eu/db1', 'sg/db1', 'sg/db2']);
  });

  test('asks for the machine of every operation, and for those that are nested in them', async () => {
    const { out } = await world.tanker('doctor');
    for (const machine of ['migrate', 'backup', 'restore', 'remove', 'cleanup', 'recover', 'plan', 'slice'])
      expect(out).toMatch(new RegExp(`✓ +machine ${machine} +here`));
    expect(out).toContain('All 26 are well.');
  });

  test('says which region was deployed with another topology than the one at hand', async () => {
    world.doctors['tanker-eu-doctor'] = ({ ask }) => (ask === 'topology' ? { topology: 'c'.repeat(64) } : {});
    const { code, out } = await world.tanker('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(
      /✗ topology from eu: TopologyDiffers: What is deployed there \(cccccccccccc\) is not/,
    );
    expect(out).toContain(
      'Deploy every stack from this file and version, or name the file that was deployed.',
    );
    expect(out).toContain('1 of 26 are ill.');
  });

  test('takes a function that can not name its topology for one of another version', async () => {
    world.doctors['tanker-doctor'] = ({ ask }) => (ask === 'topology' ? { topology: undefined } : {});
    const { out } = await world.tanker('doctor', '--json');
    expect(JSON.parse(out).findings).toContainEqual(
      expect.objectContaining({
        patient: 'topology',
        place: 'control',
        well: false,
        error: 'TopologyDiffers',
      }),
    );
  });

  test.each([
    [
      'a refusal',
      () => ({ refusal: { error: 'RequestUnauthorized', cause: 'The token.' } }),
      /RequestUnauth/,
    ],
    ['a wrong clock', () => ({ now: new Date(Date.now() + 60_000).toISOString() }), /ClockWrong/],
    ['an answer of another version', () => ({ refusal: 'ill' }), /✗ gateway from eu: ContractUnsupported/],
  ])('%s of one makes the end 1 and says whose', async (_, answer, words) => {
    world.doctors['tanker-eu-doctor'] = ({ ask }) => (ask === 'gateway' ? answer() : {});
    const { code, out } = await world.tanker('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(words);
    expect(out).toContain('1 of 26 are ill.');
  });

  test('another provider behind the endpoint, and another contract version, are ill', async () => {
    world.doctors['tanker-us-doctor'] = ({ ask, provider }) =>
      ask === 'provider' ? { describe: stranger(String(provider)) } : {};
    const { out } = await world.tanker('doctor');
    expect(out).toContain('contacts from us/db1: ContractUnsupported');
    expect(out).toContain('deals from us/db1: ProviderMismatch');
  });

  const stranger = (provider: string) => ({
    name: provider === 'deals' ? 'files' : provider,
    contractVersion: 2,
    incarnation: 'x',
    writes: { name: 'copy', version: 1 },
    reads: [],
    abilities: [],
    hooks: [],
    importAfter: [],
    collections: [],
    now: new Date().toISOString(),
  });
});
