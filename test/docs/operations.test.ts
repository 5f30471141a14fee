import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { COMMIT_PHASE, OPERATIONS, PHASES, type TaskOperation } from '@tanker/contract/index.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

test.each(OPERATIONS)(
  'the page on operations has the phases of %s in their order, and its commit point',
  (operation) => {
    const commit: string | undefined = COMMIT_PHASE[operation as TaskOperation];
    const phases = PHASES[operation].map((phase) => (phase === commit ? `**${phase}**` : phase)).join(' ');
    expect(page).toContain(`| ${operation} | ${phases} |\n`);
  },
);
