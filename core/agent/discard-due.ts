import { type DiscardDueEvent, exportPrefix } from '@tanker/contract/index.ts';
import type { DiscardDues, Exports } from '../ports.ts';

export interface DiscardDuePorts {
  readonly exports: Pick<Exports, 'discard'>;
  readonly dues: DiscardDues;
  readonly now: () => Date;
}

/**
 * Deletes the objects of a closed move, or of a backup, whose days are over, and says so on the due date's row. Nobody waits for it: without
 * that word the next sweep asks again, and finding nothing left is an answer too.
 */
export async function discardDue(ports: DiscardDuePorts, event: DiscardDueEvent) {
  const { objects, uploads } = await ports.exports.discard(exportPrefix(event.company, event.task));
  await ports.dues.confirm(event, { objects, uploads, at: ports.now().toISOString() });
  return { objects, uploads };
}
