import { Command, InvalidArgumentError, Option } from 'commander';
import { CELLS, type Cell, isMeant, sampleOf, WAYS } from './cells.ts';

export interface MatrixOptions {
  readonly cells: readonly Cell[];
  readonly lanes: number;
  readonly rows: number;
  readonly list: boolean;
  readonly keep: boolean;
}

const LANES = 4;
const ROWS = 200;
/** The columns of a terminal. */
const WIDTH = 20;

const positive = (text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('a whole number from 1 on');
  return number;
};

const ways = Object.entries(WAYS)
  .map(([way, what]) => `  ${way.padEnd(WIDTH)}${what}`)
  .join('\n');

const AFTER_HELP = `
A cell is operation/phase/way/before|after: what happens, in which phase of what, before or after its side effect.

Ways:
${ways}

Examples:
  npm run faults                                              the whole matrix
  npm run faults -- --only migrate/export/worker-killed/before    one cell
  npm run faults -- --only 'remove/erase' '*/*/stopped'       all cells that begin so
  npm run faults -- --seed 7 --sample 20                      the same 20 cells each time

Exit status: 0 when every promise held in every cell, 1 when one was broken, 2 for a wrong option.`;

/** What the command line asks for. Ends the process for --help and for mistakes. */
export function readOptions(argv: readonly string[]): MatrixOptions {
  const command = new Command('npm run faults --')
    .description(
      'Runs every operation of Tanker through every fault that makes sense in each of its phases, in a world of real\n' +
        'databases on this machine, and checks all promises after each, by code of its own.',
    )
    .option('--only <cells...>', 'cells by their id or its first words; * stands for any word')
    .option('--sample <count>', 'so many of them, spread over operations and ways', positive)
    .option('--seed <text>', 'which ones the sample takes', '1')
    .option('--lanes <count>', 'how many companies go beside each other', positive, LANES)
    .option('--rows <count>', 'rows of each company', positive, ROWS)
    .option('--list', 'prints the ids of the cells and runs nothing')
    .addOption(new Option('--keep', 'leaves the files of the world behind, with all logs'))
    .addHelpText('after', AFTER_HELP)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  command.parse(argv, { from: 'user' });
  const { only, sample, seed, lanes, rows, list, keep } = command.opts<{
    only?: string[];
    sample?: number;
    seed: string;
    lanes: number;
    rows: number;
    list?: true;
    keep?: true;
  }>();
  const meant = only ? CELLS.filter((cell) => isMeant(cell, only)) : CELLS;
  if (meant.length === 0) command.error(`No cell is meant by ${only?.join(' ')}; see --list.`);
  const cells = sample ? sampleOf(meant, seed, sample) : meant;
  return { cells, lanes, rows, list: list ?? false, keep: keep ?? false };
}
