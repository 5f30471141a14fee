import {
  type CollectionDigest,
  type ExportFinished,
  type PartReceipt,
  TankerError,
  type Work,
} from '@tanker/contract/index.ts';

/** What every kind of export counts while its parts are read. */
export interface CountedExport<P extends { readonly part: number }> {
  readonly parts: readonly P[];
  readonly watermark: string;
  /** Of each part that was read to its end. */
  readonly receipts: ReadonlyMap<number, PartReceipt>;
  readonly streamed: readonly Work[];
  /** Computed while the parts are read: the end waits for it. */
  readonly digests: Promise<{ readonly collections: CollectionDigest[]; readonly work: Work }>;
  finished?: ExportFinished | undefined;
}

/** The planned part of that number. @throws ResourceUnknown */
export function plannedPart<P extends { readonly part: number }>(
  { parts }: Pick<CountedExport<P>, 'parts'>,
  number: number,
): P {
  const part = parts[number];
  if (part) return part;
  throw new TankerError('ResourceUnknown', {
    what: `The export has no part ${number}; it has ${parts.length} part(s), counted from 0.`,
    now: 'The export is unchanged.',
    next: 'Read the parts that begin answered.',
  });
}

/**
 * The answer of an export whose parts were all read; a repeat gets the same one.
 *
 * @throws ExportMismatch when a part was not read to its end
 */
export async function finishCounted(
  session: CountedExport<{ readonly part: number }>,
): Promise<ExportFinished> {
  if (session.finished) return session.finished;
  const unread = session.parts.find(({ part }) => !session.receipts.has(part));
  if (unread) {
    throw new TankerError('ExportMismatch', {
      what: `Part ${unread.part} was not read to its end.`,
      now: 'The company is still closed and the export goes on.',
      next: 'Read every part to its end, then finish.',
    });
  }
  const { collections, work } = await session.digests;
  session.finished = {
    parts: [...session.receipts.values()].sort((a, b) => a.part - b.part),
    collections,
    watermark: session.watermark,
    work: [...session.streamed, work],
  };
  return session.finished;
}
