import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACTIONS } from '@tanker/contract/operations.ts';
import { CONTROL_FUNCTIONS } from '@tanker/contract/resource-names.ts';
import { parseTopology } from '@tanker/contract/topology.ts';
import { type Bundles, bundleFunctions } from '../../lib/bundle.ts';
import example from '../../topology.example.ts';

/** Lambda reads the whole bundle before its first answer; the AWS SDK's clients are most of it. */
const MOST_BYTES = 1_500_000;

describe('the bundles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tanker-bundle-test-'));
  const topology = parseTopology(example, 'topology.example.ts');
  let bundles: Bundles;
  let folders: string[];

  beforeAll(async () => {
    bundles = await bundleFunctions(topology, folder);
    folders = [...Object.values(bundles.control), ...Object.values(bundles.agent)];
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are one folder for each function, with the handler and the topology', () => {
    expect(Object.keys(bundles.control)).toEqual([...CONTROL_FUNCTIONS]);
    expect(Object.keys(bundles.agent)).toEqual([
      ...ACTIONS,
      'doctor',
      'report-failure',
      'open-expired',
      'launch',
      'report-stopped-task',
    ]);
    for (const path of folders) {
      expect(readFileSync(join(path, 'index.mjs'), 'utf8')).toMatch(/export\s*\{[^}]*\bhandler\b[^}]*\}/);
      expect(JSON.parse(readFileSync(join(path, 'topology.json'), 'utf8'))).toEqual(topology);
    }
  });

  test('hold no CDK and nothing of lib/, bin/, local/ or the demo', () => {
    const inputs = Object.values(bundles.metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
    expect(inputs.length).toBeGreaterThan(folders.length);
    for (const input of inputs) {
      expect(input).not.toMatch(/node_modules\/(aws-cdk-lib|constructs|cdk-nag|esbuild)\//);
      expect(input).not.toMatch(/^(lib|bin|local|demo|examples|test)\//);
    }
  });

  test('import nothing but what Node itself has', () => {
    const external = Object.values(bundles.metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter((entry) => entry.external)
      .map((entry) => entry.path);
    for (const path of external) expect(process.getBuiltinModule(path)).toBeDefined();
  });

  test('stay small, and speak English only', () => {
    for (const path of folders) expect(statSync(join(path, 'index.mjs')).size).toBeLessThan(MOST_BYTES);
    const locales = Object.values(bundles.metafile.outputs)
      .flatMap(({ inputs }) => Object.keys(inputs))
      .filter((input) => /zod\/v4\/locales\//.test(input));
    expect(new Set(locales.map((input) => input.split('/').at(-1)))).toEqual(new Set(['en.js', 'index.js']));
  });
});
