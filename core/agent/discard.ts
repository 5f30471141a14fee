import { exportPrefix } from '@tanker/contract/index.ts';
import type { Procedure } from './procedure.ts';

/** Deletes the task's objects in this datacenter's exports bucket and aborts its unfinished uploads. */
export const discard: Procedure<'discard'> = async ({ event, ports, signal }) => {
  const prefix = exportPrefix(event.company, event.task);
  const { objects, uploads } = await ports.bucket.exports.discard(prefix, signal);
  return { result: { action: 'discard', objects, uploads }, work: [] };
};
