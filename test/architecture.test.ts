import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, sources } from './support/sources.ts';

/** Who may import whom, beside itself; anything that isn't said here is forbidden. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | 'anything'>> = {
  contract: [],
  core: ['contract'],
  'lambdas/runtime': ['core', 'contract'],
  'lambdas/control': ['lambdas/runtime', 'core', 'contract'],
  'lambdas/agent': ['lambdas/runtime', 'core', 'contract'],
  sdk: ['contract'],
  providers: ['sdk', 'contract'],
  lib: ['contract'],
  bin: ['lib'],
  local: ['contract'],
  cli: ['sdk', 'contract'],
  // the demo starts and reads its tasks as an operator does: through the CLI's own clients
  demo: ['local', 'providers', 'cli', 'sdk', 'contract', 'examples'],
  examples: ['sdk', 'contract'],
  types: [],
  test: 'anything',
  bench: 'anything',
  // topology.example.ts and the user's own
  '(top level)': ['contract'],
};

/** Packages that only these folders may import; the others are free. */
const KEPT_PACKAGES: readonly { readonly pattern: RegExp; readonly areas: readonly string[] }[] = [
  { pattern: /^(aws-cdk-lib|constructs|cdk-nag|esbuild)(\/|$)/, areas: ['lib', 'test', 'bench'] },
  {
    pattern: /^@aws-(sdk|lambda-powertools)\//,
    areas: ['lambdas/runtime', 'cli', 'local', 'demo', 'test', 'bench'],
  },
];

/** Folders that other teams install: reached by their package's name, never by a path. */
const WORKSPACES = ['contract', 'sdk', 'providers', 'cli'];

/** The part of the house that a file belongs to: its top folder, for the functions also the one below. */
function areaOf(file: string): string {
  const steps = relative(ROOT, file).split(sep);
  if (steps.length === 1) return '(top level)';
  return steps[0] === 'lambdas' ? steps.slice(0, 2).join('/') : (steps[0] as string);
}

const SPECIFIERS = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
];

const specifiersOf = (text: string): string[] =>
  SPECIFIERS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] as string));

/** Why a file may not import what it imports, or undefined. */
function objection(file: string, specifier: string): string | undefined {
  const area = areaOf(file);
  const allowed = MAY_IMPORT[area];
  if (allowed === 'anything') return undefined;
  const workspace = specifier.match(/^@tanker\/([^/]+)/)?.[1];
  const relativePath = specifier.startsWith('.') ? resolve(dirname(file), specifier) : undefined;
  if (workspace === undefined && relativePath === undefined) {
    const kept = KEPT_PACKAGES.find(({ pattern }) => pattern.test(specifier));
    return kept && !kept.areas.includes(area) ? `only ${kept.areas.join(', ')} may import it` : undefined;
  }
  const target = workspace ?? areaOf(relativePath as string);
  if (relativePath !== undefined && target === area) return undefined;
  if (relativePath !== undefined && WORKSPACES.includes(target)) return `import it as @tanker/${target}/…`;
  if (workspace === area) return 'inside its own package a path says it';
  return allowed?.includes(target)
    ? undefined
    : `${area} may import ${allowed?.join(', ') || 'nothing of ours'}`;
}

const files = sources(ROOT);

describe('the house', () => {
  test('has only folders that the import rules know', () => {
    const unknown = [...new Set(files.map(areaOf))].filter((area) => !(area in MAY_IMPORT));
    expect(unknown).toEqual([]);
  });

  test('imports only what its rules allow', () => {
    const broken = files.flatMap((file) =>
      specifiersOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
        const reason = objection(file, specifier);
        return reason ? [`${relative(ROOT, file)} imports ${specifier}: ${reason}`] : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  test.each([
    ['core/plan.ts', '@tanker/sdk/index.ts'],
    ['core/plan.ts', '../lambdas/runtime/clients.ts'],
    ['core/plan.ts', '@aws-sdk/client-dynamodb'],
    ['contract/names.ts', '../core/ports.ts'],
    ['lambdas/control/dispatch.lambda.ts', '../agent/drain.lambda.ts'],
    ['lambdas/agent/drain.lambda.ts', 'aws-cdk-lib'],
    ['lib/app.ts', '../lambdas/control/dispatch.lambda.ts'],
    ['lib/app.ts', '../contract/index.ts'],
    ['local/cloud.ts', '../lib/app.ts'],
    ['sdk/index.ts', '../providers/postgres/index.ts'],
  ])('would notice %s importing %s', (file, specifier) => {
    expect(objection(join(ROOT, file), specifier)).toBeDefined();
  });

  test('reads every way to import', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "export * from './c.ts';",
      "import './d.ts';",
      "const e = await import('./e.ts');",
      "import {\n  f,\n} from './f.ts';",
    ].join('\n');
    expect(specifiersOf(text).sort()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });
});
