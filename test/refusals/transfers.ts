import { Readable } from 'node:stream';
import { exportCompany } from '../../core/agent/export.ts';
import { importCompany } from '../../core/agent/import.ts';
import { agentWorld, eventOf, THERE } from '../agent/agent-world.ts';
import { receiptOf, SUM } from '../support/memory-provider.ts';
import { callAt, emptyManifest } from './provider-calls.ts';
import { CANARY } from './sentences.ts';
import type { Worlds } from './worlds.ts';

export const ROW = Buffer.from(`${CANARY} row`);
export type Target = ReturnType<typeof agentWorld>;

/** A stream that breaks off at its first octet. */
export const breakingOff = (): Readable =>
  new Readable({
    read() {
      this.destroy(Object.assign(new Error(CANARY), { code: 'ECONNRESET' }));
    },
  });

/** An import of what another agent has exported, after something has happened to one of the two. */
export const importing =
  (happened: (target: Target, source: Target) => object | undefined) => async (): Promise<unknown> => {
    const source = agentWorld([ROW]);
    const { result } = await source.run(exportCompany, eventOf('export'));
    const target = agentWorld();
    target.ports.exportsAt = () => source.exports;
    const changes = happened(target, source) ?? {};
    const manifest = { ...result.manifest, ...changes };
    return target.run(importCompany, eventOf('import', { location: THERE, manifest }));
  };

export const KEY = 'exports/acme/move-1/contacts/e3-a1/part-00000';

/** An import session at the provider for files. */
export async function begunImport(
  { files }: Worlds,
  name: string,
  manifest: Parameters<typeof emptyManifest>[0],
) {
  const { implementation } = await files();
  const call = await callAt(implementation, name);
  const { session: id } = await implementation.importBegin(call, emptyManifest(manifest));
  return { implementation, call, id };
}

/** The same, whose manifest has one part: that of these octets. */
export function session(worlds: Worlds, name: string, octets = ROW) {
  const parts = [receiptOf(0, octets)];
  const collections = [{ name: 'files', digest: { rows: 1, sum: SUM } }];
  return begunImport(worlds, name, { parts, collections });
}

/** An export at the provider for files of which no part was read. */
export async function unread({ files }: Worlds, name: string) {
  const { implementation, store } = await files();
  await store.put(name, [{ path: 'a.txt', contentType: 'text/plain', content: ROW }]);
  const call = await callAt(implementation, name);
  const begun = await implementation.exportBegin(call, { grant: 1 });
  return { implementation, call, export: begun.export, store };
}
