import { z } from 'zod';
import type { Table } from './catalog.ts';
import { FORMAT } from './config.ts';

/** The first line of a part: what the rows after it are. It names no table, so tables may be called differently. */
const PartHeader = z
  .object({
    format: z.literal(FORMAT.name),
    version: z.literal(FORMAT.version),
    collection: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.string() }).strict()).min(1),
  })
  .strict();
export type PartHeader = z.infer<typeof PartHeader>;

export const writeHeader = (table: Table): string =>
  `${JSON.stringify({
    format: FORMAT.name,
    version: FORMAT.version,
    collection: table.name,
    columns: table.columns.map(({ name, type }) => ({ name, type })),
  })}\n`;

/** Undefined when the line is no header of this format. */
export function readHeader(line: string): PartHeader | undefined {
  try {
    return PartHeader.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
