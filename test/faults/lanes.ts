import type { TaskOperation } from '@tanker/contract/index.ts';
import type { WorldLocation } from '../../demo/world/topology.ts';
import { LOCATIONS } from '../../demo/world/topology.ts';
import { type Cell, cellId } from './cells.ts';
import { type Company, isReadyFor, newCompany, stepTowards } from './company.ts';
import { keepsExports, operationOf } from './expected.ts';
import { Observer } from './matrix-stage.ts';
import { type Ground, runTask, type TaskEnd } from './run-task.ts';

/**
 * Several companies beside each other go from cell to cell: one that has ended a cell in a good state begins the next
 * with it, and a task without a fault stands between two cells where the state of the one is not the other's.
 */

/** What became of one cell, or of a step between two. */
export interface CellEnd {
  readonly cell: Cell | undefined;
  readonly name: string;
  readonly findings: readonly string[];
  readonly evidence: readonly string[];
  readonly seconds: number;
}

export interface LanesOptions {
  readonly cells: readonly Cell[];
  readonly lanes: number;
  readonly rows: number;
  /** Begins the names of the companies, so that several runs fit into one world. */
  readonly prefix: string;
  readonly onEnd: (end: CellEnd) => void;
}

const countBy = (cells: readonly Cell[], operation: string): number =>
  cells.filter((cell) => operationOf(cell) === operation).length;

/** The next cell for a company: of the operations that it is ready for, one of which most are left. */
export function nextFor(company: Company, waiting: readonly Cell[]): Cell | undefined {
  const ready = waiting.filter((cell) => isReadyFor(company, operationOf(cell)));
  // While migrations wait, a fallback copy stands in their way: cells of its cleanup come first.
  const clearing = ready.filter((cell) => operationOf(cell) === 'cleanup');
  if (clearing.length > 0 && countBy(waiting, 'migrate') > 0) return clearing[0];
  return ready.reduce<Cell | undefined>((best, cell) => {
    if (best === undefined) return cell;
    return countBy(waiting, operationOf(cell)) > countBy(waiting, operationOf(best)) ? cell : best;
  }, undefined);
}

/** Each lane looks at the copies on connections of its own: their transactions must not meet. */
export async function runLanes(common: Omit<Ground, 'observer'>, options: LanesOptions): Promise<void> {
  const waiting = [...options.cells];
  let companies = 0;
  const found = async (ground: Ground): Promise<Company> => {
    const home = LOCATIONS[companies % LOCATIONS.length] as WorldLocation;
    companies += 1;
    const id = `${options.prefix}-${companies}`;
    await ground.stage.world.addCompany({ company: id, rows: options.rows, ...home });
    await ground.leaks.learn(home, id);
    return newCompany(id, home);
  };
  const tell = async (ground: Ground, company: Company, cell: Cell | undefined, step?: TaskOperation) => {
    const began = Date.now();
    const operation = cell ? operationOf(cell) : (step ?? 'migrate');
    const end: TaskEnd = await runTask(ground, company, operation, cell);
    const seconds = (Date.now() - began) / 1000;
    const { findings, evidence } = end;
    const name = cell ? cellId(cell) : `(step) ${operation}`;
    options.onEnd({ cell, name, findings, evidence, seconds });
    // A company that is not as it should be is left alone, for whoever looks at it; so is one whose exports wait for
    // the day on which the sweeper has them deleted.
    return findings.length > 0 || (cell && keepsExports(cell)) ? undefined : end.company;
  };
  const goOn = async (ground: Ground) => {
    let company: Company | undefined;
    while (waiting.length > 0) {
      company ??= await found(ground);
      const cell = nextFor(company, waiting);
      if (cell) {
        waiting.splice(waiting.indexOf(cell), 1);
        company = await tell(ground, company, cell);
      } else {
        const step = stepTowards(company, operationOf(waiting[0] as Cell));
        company = await tell(ground, company, undefined, step);
      }
    }
  };
  const lane = async () => {
    const observer = new Observer(common.stage);
    try {
      await goOn({ ...common, observer });
    } finally {
      await observer.end();
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.lanes, options.cells.length) }, lane));
}
