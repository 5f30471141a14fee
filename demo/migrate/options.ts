import { type MigratePhase, PHASES } from '@tanker/contract/index.ts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEMO_ROWS } from '../world/world.ts';

/** Phases that can be made to fail for good: up to the commit point, after which a migration only goes forward. */
export const FAILING_PHASES = PHASES.migrate.slice(0, PHASES.migrate.indexOf('commit') + 1);
export type FailingPhase = Exclude<MigratePhase, 'unlock' | 'hooks'>;

/** `migrate` moves a company under traffic; `lifecycle` tells its whole life, with jumps of the clock. */
export const STORIES = ['migrate', 'lifecycle'] as const;
export type StoryName = (typeof STORIES)[number];

export interface DemoOptions {
  readonly story: StoryName;
  readonly rows: number;
  readonly fail?: FailingPhase;
  readonly abort?: MigratePhase;
  readonly sameDatacenter?: true;
  readonly keep?: true;
  readonly transfer: Transfer;
}

/** Where exports and imports run; `auto` chooses by size, as a topology does unless it says otherwise. */
export const TRANSFERS = ['auto', 'lambda', 'fargate'] as const;
export type Transfer = (typeof TRANSFERS)[number];

/** Below it some tables of the company would be empty; above it a laptop's disk and patience end. */
const LEAST_ROWS = 200;
const MOST_ROWS = 20_000_000;

/** The lifecycle moves the company's data six times and reads it back more often. */
const LIFECYCLE_ROWS = 20_000;

const flagOf = (option: string): string =>
  option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function parseRows(text: string): number {
  const rows = Number(text);
  if (Number.isInteger(rows) && rows >= LEAST_ROWS && rows <= MOST_ROWS) return rows;
  throw new InvalidArgumentError(`A whole number from ${LEAST_ROWS} to ${MOST_ROWS} is allowed.`);
}

/** The demo's command line; prints help or a mistake and ends the process itself. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('npm run demo --')
    .description(
      'Moves a company with all its data from the US datacenter to the EU datacenter, on the synthesized stacks, while its customers keep working. Ends with a table of what was measured and checked, the same as JSON in .tanker/demo/report.json.',
    )
    .addOption(
      new Option(
        '--story <name>',
        'migrate, or lifecycle: backup, migrate, cleanup after the grace days, remove, restore, remove, and the end of the last backup, with days that pass between them',
      )
        .choices(STORIES)
        .default('migrate'),
    )
    .option(
      '--rows <number>',
      `rows of the company (default: ${DEMO_ROWS}, in the lifecycle ${LIFECYCLE_ROWS})`,
      parseRows,
    )
    .addOption(
      new Option('--fail <phase>', 'make this phase fail for good; plan ends refused, the others undone')
        .choices(FAILING_PHASES)
        .conflicts('abort'),
    )
    .addOption(
      new Option(
        '--abort <phase>',
        'stop the execution from outside when this phase begins (commit: once the authority has written); a recovery follows. Ends refused in plan, undone before the commit, migrated from it on',
      ).choices(PHASES.migrate),
    )
    .addOption(
      new Option('--transfer <where>', 'run exports and imports in functions or in Fargate tasks')
        .choices(TRANSFERS)
        .default('auto'),
    )
    .option('--same-datacenter', 'move from us/db1 to us/db2 instead, two servers of one datacenter')
    .option('--keep', 'leave the world up at the end, print commands to look around with, wait for Ctrl-C')
    .addHelpText(
      'after',
      `
Exit status:
  0  the expected outcome came and every promise held
  1  it did not; the table and the report say which promise broke
  2  the command line is wrong; nothing was started

Examples:
  npm run demo
  npm run demo -- --rows 1000000
  npm run demo -- --fail verify
  npm run demo -- --abort commit
  npm run demo -- --transfer fargate
  npm run demo -- --same-datacenter
  npm run demo -- --keep
  npm run demo -- --story lifecycle`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const options = program
    .parse([...argv], { from: 'user' })
    .opts<Partial<DemoOptions> & Pick<DemoOptions, 'story' | 'transfer'>>();
  const ofMigrate = (['fail', 'abort', 'sameDatacenter', 'keep'] as const).find((name) => options[name]);
  if (options.story === 'lifecycle' && ofMigrate) {
    program.error(
      `error: --story lifecycle tells the whole life; --${flagOf(ofMigrate)} belongs to --story migrate`,
    );
  }
  return { ...options, rows: options.rows ?? (options.story === 'lifecycle' ? LIFECYCLE_ROWS : DEMO_ROWS) };
}

/** A failing commit is one that never reaches the authority; one that is aborted has. */
export function expectedOutcome({ fail, abort }: DemoOptions): 'refused' | 'undone' | 'migrated' {
  if (fail === 'plan' || abort === 'plan') return 'refused';
  if (abort && PHASES.migrate.indexOf(abort) >= PHASES.migrate.indexOf('commit')) return 'migrated';
  return fail || abort ? 'undone' : 'migrated';
}
