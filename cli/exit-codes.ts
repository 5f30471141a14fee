/** What a script learns from the CLI's end. Each verb's help lists those that it can end with. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unknown: 3,
  unreachable: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The end of a verb's help: its codes in its own words. */
export const exitHelp = (meanings: Partial<Record<keyof typeof EXIT, string>>): string =>
  [
    '',
    'Exit status:',
    ...Object.entries({ ...COMMON, ...meanings })
      .map(line)
      .sort(),
  ].join('\n');

const COMMON = {
  usage: 'the command line or the topology is wrong; nothing was touched',
  unreachable: 'AWS or the kept demo does not answer, is not deployed, or refuses a right',
};

const line = ([name, meaning]: [string, string]): string =>
  `  ${EXIT[name as keyof typeof EXIT]}  ${meaning}`;
