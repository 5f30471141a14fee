// The fault matrix: `npm run faults -- --help` tells all.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStage } from '../../demo/stage.ts';
import { demoCompanies } from '../../demo/world/world.ts';
import { cellId } from './cells.ts';
import { startFront } from './front.ts';
import { runLanes } from './lanes.ts';
import { LeakWatch } from './leaks.ts';
import { Observer } from './matrix-stage.ts';
import { type MatrixOptions, readOptions } from './options.ts';
import { Report } from './report.ts';

/** Companies that no cell touches, on every server. */
const NEIGHBOUR_ROWS = 200;
/** Fewer than providers, so that they queue up. */
const PROVIDERS_AT_ONCE = 3;
/** No cell may end by its budget only because this machine is busy with others; that a budget is kept is checked. */
const LOCK_BUDGET_SECONDS = 300;

async function runMatrix({ cells, lanes, rows, keep }: MatrixOptions): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'tanker-faults-'));
  const neighbours = demoCompanies()
    .slice(1)
    .map((company) => ({ ...company, rows: NEIGHBOUR_ROWS }));
  const ids = neighbours.map(({ company }) => company);
  const front = await startFront();
  const started = await startStage({
    directory,
    companies: neighbours,
    lanes: PROVIDERS_AT_ONCE,
    lockBudgetSeconds: LOCK_BUDGET_SECONDS,
    front: front.of,
    onStep: (what) => console.log(what),
  });
  const observer = new Observer(started);
  try {
    const stage = { ...started, front, neighbours: await observer.printsOf(ids) };
    const report = new Report(cells.length, (line) => console.log(line));
    const ground = { stage, leaks: new LeakWatch(stage), neighbours: ids };
    await runLanes(ground, { cells, lanes, rows, prefix: 'lane', onEnd: (end) => report.add(end) });
    console.log(`\n${report.table()}\n\n${report.passed} passed, ${report.failed} failed`);
    return report.failed > 0 ? 1 : 0;
  } finally {
    await observer.end();
    await started.stop();
    await front.stop();
    if (keep) console.log(`The files of the world are in ${directory}.`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

const options = readOptions(process.argv.slice(2));
if (options.list) for (const cell of options.cells) console.log(cellId(cell));
else process.exitCode = await runMatrix(options);
