import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { asMistake } from '../../cli/mistakes.ts';
import { commanded } from './asking.ts';
import type { Site } from './refusal.ts';
import { CANARY } from './sentences.ts';
import type { Worlds } from './worlds.ts';

/** Names of the command line's own: of whoever called, or of what lies around. */
export type MistakeName =
  | 'UsageWrong'
  | 'NotConfirmed'
  | 'DemoNotKept'
  | 'EndpointUnreachable'
  | 'InstallationMissing'
  | 'CallRefused';

const calling =
  (...argv: string[]) =>
  async ({ cli }: Worlds): Promise<unknown> =>
    commanded(await cli(), ...argv);

/** The same in a terminal, where somebody has typed. */
const typing =
  (typed: string, ...argv: string[]) =>
  async ({ cli }: Worlds): Promise<unknown> => {
    const { typing: type } = await cli();
    return commanded({ tanker: (...given) => type(typed, ...given) }, ...argv);
  };

/** A file of the CLI's world, which is read as the topology or as what a kept demo leaves. */
const reading =
  (as: 'topology' | 'demo', name: string, content: string) =>
  async ({ cli }: Worlds): Promise<unknown> => {
    const file = join((await cli()).directory, name);
    writeFileSync(file, content);
    return as === 'topology' ? findInstallation({ topology: file }) : findInstallation({}, file);
  };

const meeting = (fields: object) => () => asMistake(Object.assign(new Error('The words of AWS'), fields));

export const MISTAKES: Readonly<Record<MistakeName, readonly Site[]>> = {
  UsageWrong: [
    {
      file: 'cli/verbs/arguments.ts',
      reasons: {
        'a backup is to be kept for longer than the topology allows': {
          names: ['30 days', '--keep-days', '300'],
          provoke: calling('backup', 'acme', '--keep-days', '300'),
        },
      },
    },
    {
      file: 'cli/verbs/arguments.ts',
      reasons: {
        'a datacenter is unknown': { names: ['"mars"'], provoke: calling('migrate', 'acme', '--to', 'mars') },
      },
    },
    {
      file: 'cli/verbs/arguments.ts',
      reasons: {
        'a server is unknown': {
          names: ['eu', '"db9"'],
          provoke: calling('migrate', 'acme', '--to', 'eu/db9'),
        },
      },
    },
    {
      file: 'cli/verbs/arguments.ts',
      reasons: {
        'a datacenter has several servers': {
          names: ['sg'],
          provoke: calling('migrate', 'acme', '--to', 'sg'),
        },
      },
    },
    {
      file: 'cli/installation.ts',
      reasons: {
        'the topology file is not there': {
          names: ['absent.ts'],
          provoke: () => findInstallation({ topology: 'absent.ts' }),
        },
      },
    },
    {
      file: 'cli/installation.ts',
      reasons: {
        'the topology file is no JSON': {
          names: ['broken.json', 'SyntaxError'],
          provoke: reading('topology', 'broken.json', `{"${CANARY}`),
        },
      },
    },
    {
      file: 'cli/installation.ts',
      reasons: {
        'the topology file lacks a field': {
          names: ['empty.json', 'installation: is missing'],
          provoke: reading('topology', 'empty.json', '{}'),
        },
      },
    },
    {
      file: 'cli/installation.ts',
      reasons: {
        'the file of the kept demo is none': {
          names: ['not-kept.json'],
          provoke: reading('demo', 'not-kept.json', `{"${CANARY}": 1}`),
        },
      },
    },
  ],
  DemoNotKept: [
    {
      file: 'cli/installation.ts',
      reasons: {
        'no demo is kept': {
          names: ['/nowhere/kept.json'],
          provoke: () => findInstallation({}, '/nowhere/kept.json'),
        },
      },
    },
  ],
  NotConfirmed: [
    {
      file: 'cli/confirming.ts',
      reasons: {
        '--yes names another company': {
          names: ['"acne"', '"acme"'],
          provoke: calling('remove', 'acme', '--yes', 'acne'),
        },
      },
    },
    {
      file: 'cli/confirming.ts',
      reasons: { 'nobody can be asked': { names: ['terminal'], provoke: calling('remove', 'acme') } },
    },
    {
      file: 'cli/confirming.ts',
      reasons: {
        'another company is typed': {
          names: ['"acne"', '"acme"'],
          provoke: typing('acne\n', 'remove', 'acme'),
        },
        'nothing is typed': { names: ['company id'], provoke: typing('\n', 'remove', 'acme') },
      },
    },
  ],
  EndpointUnreachable: [
    {
      file: 'cli/mistakes.ts',
      reasons: {
        'nobody answers at the endpoint': {
          names: ['ECONNREFUSED'],
          provoke: meeting({ code: 'ECONNREFUSED' }),
        },
      },
    },
  ],
  InstallationMissing: [
    {
      file: 'cli/mistakes.ts',
      reasons: {
        'AWS knows nothing of the installation': {
          names: ['The words of AWS'],
          provoke: meeting({ name: 'StateMachineDoesNotExist' }),
        },
      },
    },
  ],
  CallRefused: [
    {
      file: 'cli/mistakes.ts',
      reasons: {
        'AWS refuses the caller': {
          names: ['AccessDeniedException', 'The words of AWS'],
          provoke: meeting({ name: 'AccessDeniedException' }),
        },
      },
    },
  ],
};
