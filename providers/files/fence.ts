import type { FencedCall } from '@tanker/sdk/index.ts';
import type { OpenCall } from '../open-calls.ts';
import { companyClosed, otherHolder, otherIncarnation, sessionUnknown, staleEpoch } from '../refusals.ts';
import type { Metadata } from './metadata.ts';
import type { Site } from './site.ts';

export interface FenceRow {
  readonly epoch: number;
  readonly holder: string | null;
  readonly sealed_epoch: number | null;
  readonly closed_epoch: number | null;
  readonly closed_grant: number | null;
  readonly export_session: string | null;
  readonly import_session: string | null;
  readonly changes: number;
}

const NEW_ROW: FenceRow = {
  epoch: 0,
  holder: null,
  sealed_epoch: null,
  closed_epoch: null,
  closed_grant: null,
  export_session: null,
  import_session: null,
  changes: 0,
};

export const readFence = (metadata: Metadata, company: string): FenceRow =>
  metadata.get<FenceRow>('SELECT * FROM fence WHERE company = ?', company) ?? NEW_ROW;

function checkRow(site: Site, row: FenceRow, call: FencedCall): void {
  const { company, fence } = call;
  const { epoch, holder } = fence;
  if (site.metadata.incarnation() !== fence.incarnation) throw otherIncarnation(site, company);
  if (epoch < row.epoch) throw staleEpoch(site, { company, epoch }, row);
  if (epoch === row.epoch && row.holder !== null && row.holder !== holder) {
    throw otherHolder(site, call, row.holder);
  }
}

/** Checks the call and raises the company's row to it. Called first in the transaction of every effect. */
export function enterFence(site: Site, call: FencedCall): FenceRow {
  const { company, fence } = call;
  const row = readFence(site.metadata, company);
  checkRow(site, row, call);
  if (fence.epoch === row.epoch && row.holder !== null) return row;
  site.metadata.run(
    `INSERT INTO fence (company, epoch, holder) VALUES (?, ?, ?) ON CONFLICT (company)
      DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder, export_session = NULL, import_session = NULL`,
    company,
    fence.epoch,
    fence.holder,
  );
  return readFence(site.metadata, company);
}

/** Ends open calls of lower epochs, and those of this epoch that the call replaces, and waits until they have stopped. */
export async function endSuperseded(
  site: Site,
  call: FencedCall,
  ends: (open: OpenCall) => boolean = () => false,
): Promise<void> {
  const { epoch } = call.fence;
  checkRow(site, readFence(site.metadata, call.company), call);
  const own = (open: OpenCall) => open.company === call.company;
  const lower = (open: OpenCall) => own(open) && open.epoch < epoch;
  const same = (open: OpenCall) => own(open) && open.epoch === epoch && ends(open);
  await site.calls.end(lower, (open) => staleEpoch(site, open, call.fence));
  await site.calls.end(same, ({ company }) => sessionUnknown(site, company));
}

/** Ends what the call supersedes, then does its work in one transaction with the fence check. */
export async function fenced<T>(
  site: Site,
  call: FencedCall,
  work: (row: FenceRow) => T,
  ends?: (open: OpenCall) => boolean,
): Promise<T> {
  await endSuperseded(site, call, ends);
  call.signal.throwIfAborted();
  return site.metadata.transaction(() => work(enterFence(site, call)));
}

/** Counts changes of a company's files by the service itself. Inside the transaction of the change. */
export function noteChanges(metadata: Metadata, company: string, changes: number): void {
  if (readFence(metadata, company).closed_epoch !== null) throw companyClosed(company, 'here');
  addChanges(metadata, company, changes);
}

export function addChanges(metadata: Metadata, company: string, changes: number): void {
  metadata.run(
    'INSERT INTO fence (company, changes) VALUES (?, ?) ON CONFLICT (company) DO UPDATE SET changes = changes + excluded.changes',
    company,
    changes,
  );
}
