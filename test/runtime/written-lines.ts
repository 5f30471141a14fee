import { beforeEach, jest } from '@jest/globals';
import { logger, metrics } from '../../lambdas/runtime/middleware.ts';

/** What the functions write to their log, kept off the terminal; emptied before each test. */
export function writtenLines(): { all(): string; ofLevel(level: string): Record<string, unknown>[] } {
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    // Powertools writes to consoles of its own, which are protected fields.
    const own = [logger, metrics] as unknown as { console: Console }[];
    for (const written of [console, ...own.map((writer) => writer.console)]) {
      for (const level of ['info', 'error', 'warn', 'log'] as const) {
        jest.spyOn(written, level).mockImplementation((line) => void lines.push(String(line)));
      }
    }
  });
  return {
    all: () => lines.join('\n'),
    ofLevel: (level) =>
      lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
        .filter((line) => line.level === level),
  };
}
