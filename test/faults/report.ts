import { OPERATIONS } from '@tanker/contract/index.ts';
import { STRUCK } from './actors.ts';
import { type Cell, cellId, SIDES, WAY_NAMES, whySkipped } from './cells.ts';
import type { CellEnd } from './lanes.ts';

const minutes = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

/** Tells how far the matrix is, each failure at once with what is needed to repeat it, and at the end the table. */
export class Report {
  readonly #total: number;
  readonly #began = Date.now();
  readonly #ends = new Map<string, CellEnd>();
  readonly #write: (line: string) => void;
  #failedSteps = 0;

  constructor(total: number, write: (line: string) => void) {
    this.#total = total;
    this.#write = write;
  }

  add(end: CellEnd): void {
    if (end.cell) this.#ends.set(cellId(end.cell), end);
    const failed = end.findings.length > 0;
    if (failed && !end.cell) this.#failedSteps += 1;
    const elapsed = (Date.now() - this.#began) / 1000;
    const told = this.#ends.size;
    const left = told === 0 ? 0 : (elapsed / told) * (this.#total - told);
    const progress = `${String(told).padStart(4)} of ${this.#total}  ${minutes(elapsed)}, about ${minutes(left)} left`;
    this.#write(`${progress}  ${failed ? 'FAILED' : 'ok    '}  ${end.name}  ${end.seconds.toFixed(1)} s`);
    if (!failed) return;
    for (const line of [...end.findings, ...end.evidence]) this.#write(`      ${line}`);
    if (end.cell) this.#write(`      again: npm run faults -- --only ${cellId(end.cell)}`);
  }

  get failed(): number {
    const cells = [...this.#ends.values()].filter(({ findings }) => findings.length > 0).length;
    return cells + this.#failedSteps;
  }

  get passed(): number {
    return [...this.#ends.values()].filter(({ findings }) => findings.length === 0).length;
  }

  /** A row for each phase, a column for each way: how many passed, of how many if one did not. */
  table(): string {
    const columns = WAY_NAMES.map((way) => way.length + 2);
    const head = WAY_NAMES.map((way, index) => way.padStart(columns[index] as number)).join('');
    const told = new Set([...this.#ends.values()].map(({ cell }) => `${cell?.operation}/${cell?.phase}`));
    const lines = OPERATIONS.flatMap((operation) =>
      STRUCK[operation].flatMap((phase) => {
        if (!told.has(`${operation}/${phase}`)) return [];
        const fields = WAY_NAMES.map((way, index) =>
          this.#field(SIDES.map((when) => ({ operation, phase, way, when }))).padStart(
            columns[index] as number,
          ),
        );
        return `${`${operation}/${phase}`.padEnd(24)}${fields.join('')}`;
      }),
    );
    return [`${''.padEnd(24)}${head}`, ...lines].join('\n');
  }

  #field(cells: readonly Cell[]): string {
    if (cells.every((cell) => whySkipped(cell) !== undefined)) return '-';
    const ends = cells.flatMap((cell) => this.#ends.get(cellId(cell)) ?? []);
    if (ends.length === 0) return '.';
    const passed = ends.filter(({ findings }) => findings.length === 0).length;
    return passed === ends.length ? String(passed) : `${passed}/${ends.length}!`;
  }
}
