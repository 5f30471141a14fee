import { z } from 'zod';
import { Digest } from './digest.ts';
import { CompanyId, Count, Epoch, Holder, Instant, Location, ProviderName, Sha256, TaskId } from './names.ts';
import { HOOKS_BEFORE_COMMIT, HookName } from './operations.ts';

/** The version in the path. A provider that speaks another answers describe with its own and is refused in plan. */
export const CONTRACT_VERSION = 1;
export const PROVIDER_BASE = '/tanker/v1/locations/{datacenter}/{server}';

/** A part is at most 1 GiB: a piece that a provider exports or imports by itself. */
export const MAX_PART_BYTES = 2 ** 30;

/** Changes when a provider's store was restored from a backup: what it promised before is then unknown. */
export const Incarnation = z.string().min(1).max(64).meta({ id: 'Incarnation' });

/**
 * The headers of every mutating call: who asks, under which epoch, and which incarnation of the provider was planned
 * with. A provider keeps (highest epoch, holder) per company and location durably, checks them in the transaction of
 * the effect, and refuses a lower epoch and an equal epoch of another holder (`EpochStale`), and another incarnation
 * (`IncarnationChanged`). A higher epoch is taken over by the call itself.
 */
export const FenceHeaders = z
  .object({
    'tanker-task': TaskId,
    'tanker-epoch': z.coerce.number().pipe(Epoch),
    'tanker-holder': Holder,
    'tanker-incarnation': Incarnation,
  })
  .meta({ id: 'FenceHeaders' });
export type FenceHeaders = z.infer<typeof FenceHeaders>;

/** Who asks, as code passes it around; the wire form is FenceHeaders. */
export interface Fence {
  readonly task: string;
  readonly epoch: number;
  readonly holder: string;
  readonly incarnation: string;
}

/** An interval of the provider's own clock in which it did what grows with the data. */
export const Work = z
  .object({ kind: z.enum(['stream', 'publish', 'digest']), from: Instant, to: Instant })
  .strict()
  .meta({ id: 'Work' });
export type Work = z.infer<typeof Work>;

export const Format = z
  .object({ name: z.string().min(1).max(64), version: z.int().min(1) })
  .strict()
  .meta({ id: 'Format' });
export type Format = z.infer<typeof Format>;

export const Ability = z.enum(['export', 'import', 'drain', 'hooks']);

/** A field of a collection's rows. A type is the provider's own word for it, compared for equality only. */
export const Field = z
  .object({
    name: z.string().min(1).max(128),
    type: z.string().min(1).max(256),
    required: z.boolean().meta({ description: 'a row without it is refused: nothing fills it in' }),
  })
  .meta({ id: 'Field' });
export type Field = z.infer<typeof Field>;

/** A subtask's record is at most 400 KB and holds this answer with the summary. More than this is left out as a whole. */
export const MAX_FIELDS_BYTES = 128 * 1024;

/** Whether what the hooks before the commit point change can be taken back. */
export const haveInverse = (hooks: readonly HookName[]): boolean =>
  hooks.includes('after-undo') || !HOOKS_BEFORE_COMMIT.some((hook) => hooks.includes(hook));

export const INVERSE_MISSING = `a hook before the commit point (${HOOKS_BEFORE_COMMIT.join(', ')}) needs its inverse, after-undo`;

export const Describe = z
  .object({
    name: ProviderName,
    contractVersion: z.int(),
    incarnation: Incarnation,
    writes: Format,
    reads: z.array(Format),
    abilities: z.array(Ability),
    hooks: z.array(HookName).refine(haveInverse, {
      error: INVERSE_MISSING,
    }),
    importAfter: z.array(ProviderName),
    collections: z.array(z.string().min(1).max(63)),
    /**
     * By collection, the fields that its rows are exported with and may be imported with. An import is refused that
     * brings a field that isn't here or has another type, or that lacks a required one. Absent where rows have no such
     * fields, or the fields are too many to tell.
     */
    fields: z.record(z.string(), z.array(Field)).optional(),
    /** The provider's clock when it answered. */
    now: Instant,
  })
  .meta({ id: 'Describe' });
export type Describe = z.infer<typeof Describe>;

/** Opaque: counts every change of the company at this provider, produced or consumed. Compared for equality only. */
export const Watermark = z.string().min(1).max(128).meta({ id: 'Watermark' });

export const CollectionSummary = z
  .object({ name: z.string(), rows: Count, bytes: Count, digest: Digest.optional() })
  .meta({ id: 'CollectionSummary' });

export const CollectionDigest = z
  .object({ name: z.string(), digest: Digest })
  .strict()
  .meta({ id: 'CollectionDigest' });
export type CollectionDigest = z.infer<typeof CollectionDigest>;

export const Summary = z
  .object({
    incarnation: Incarnation,
    /** The highest epoch seen for this company here, with its holder. 0 and null before the first. */
    epoch: Epoch,
    holder: Holder.nullable(),
    /** Set while the company is closed to every writer. */
    closed: z.object({ epoch: Epoch, grant: z.int().nullable() }).nullable(),
    collections: z.array(CollectionSummary),
    /** Rows of unfinished imports; they are no rows of the company yet. */
    stagingRows: Count,
    /** Rows of the company that no collection claims, by the store's own name for their place. */
    unclaimed: z.array(z.object({ place: z.string(), rows: Count })),
    watermark: Watermark,
    work: z.array(Work),
  })
  .meta({ id: 'Summary' });
export type Summary = z.infer<typeof Summary>;

export const Drain = z
  .object({ pending: Count, watermark: Watermark })
  .meta({ id: 'Drain', description: 'messages and jobs of the company not yet worked off' });
export type Drain = z.infer<typeof Drain>;

export const ExportBeginRequest = z
  .object({
    grant: z.int().min(1).meta({ description: 'the traffic lock under which the company is closed' }),
  })
  .strict();

export const ExportBegun = z
  .object({
    export: z.string().min(1).max(64).meta({ description: 'the session; a new begin ends the one before' }),
    format: Format,
    parts: z.array(z.object({ part: z.int().min(0), estimatedBytes: Count })),
  })
  .meta({ id: 'ExportBegun' });
export type ExportBegun = z.infer<typeof ExportBegun>;

export const PartReceipt = z
  .object({ part: z.int().min(0), bytes: Count, rows: Count, sha256: Sha256 })
  .strict()
  .meta({ id: 'PartReceipt', description: 'a part as the provider counted it' });
export type PartReceipt = z.infer<typeof PartReceipt>;

export const ExportFinished = z
  .object({
    parts: z.array(PartReceipt),
    collections: z.array(CollectionDigest).meta({ description: 'digests of the snapshot' }),
    watermark: Watermark,
    work: z.array(Work),
  })
  .meta({ id: 'ExportFinished' });
export type ExportFinished = z.infer<typeof ExportFinished>;

export const ImportBeginRequest = z
  .object({
    format: Format,
    parts: z.array(PartReceipt),
    collections: z.array(CollectionDigest),
  })
  .strict()
  .meta({
    id: 'ImportBeginRequest',
    description: 'the manifest that staging must equal before it is published',
  });
export type ImportBeginRequest = z.infer<typeof ImportBeginRequest>;

export const ImportBegun = z
  .object({
    session: z.string().min(1).max(64),
    published: z.boolean().optional().meta({
      description: 'true when this epoch and holder have published an equal manifest here: it takes no parts',
    }),
  })
  .meta({ id: 'ImportBegun' });
export type ImportBegun = z.infer<typeof ImportBegun>;

export const ImportPublished = z.object({ rows: Count, work: z.array(Work) }).meta({ id: 'ImportPublished' });
export type ImportPublished = z.infer<typeof ImportPublished>;

export const Sealed = z
  .object({ collections: z.array(CollectionDigest), watermark: Watermark, work: z.array(Work) })
  .meta({ id: 'Sealed' });
export type Sealed = z.infer<typeof Sealed>;

/** Companies of one page of `closings`: 1,000 × at most 250 octets are 250 KB. */
export const CLOSINGS_PAGE = 1000;

/** A company that is closed here. `epoch` and `holder` are the highest seen for it, `grant` is the closing's own. */
export const Closing = z
  .object({ company: CompanyId, epoch: Epoch, holder: Holder, grant: z.int().min(1) })
  .meta({ id: 'Closing' });
export type Closing = z.infer<typeof Closing>;

export const Closings = z
  .object({
    incarnation: Incarnation,
    closings: z.array(Closing).max(CLOSINGS_PAGE).meta({ description: 'in the order of the company ids' }),
    next: CompanyId.nullable().meta({ description: 'ask again `after` this one; null on the last page' }),
  })
  .meta({ id: 'Closings' });
export type Closings = z.infer<typeof Closings>;

export const OpenRequest = z
  .object({
    grant: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'end only a closing under this traffic lock; another one stays as it is' }),
  })
  .strict();

export const FenceRaised = z.object({ epoch: Epoch, holder: Holder }).meta({ id: 'FenceRaised' });
export const Opened = z.object({ open: z.literal(true) }).meta({ id: 'Opened' });

/** Typed ids, company, location, version, epoch and reason: deletes are the most dangerous thing this system does. */
export const EraseRequest = z
  .object({
    company: CompanyId,
    location: Location,
    version: z.int().min(0).meta({ description: 'the placement version under which the erase was decided' }),
    reason: z.string().min(1).max(200),
  })
  .strict();

export const Erased = z
  .object({
    erased: z.object({ rows: Count, staging: Count }),
    left: z.object({ rows: Count, staging: Count }).meta({
      description: 'must be zero; anything else is tried again, as a debt or by a removal that stays open',
    }),
  })
  .meta({ id: 'Erased' });
export type Erased = z.infer<typeof Erased>;

export const HookRequest = z
  .object({
    key: z.string().min(1).max(128).meta({ description: 'a key that ran before is not run again' }),
    version: z.int().min(0),
  })
  .strict();
export const HookRan = z.object({ ran: z.boolean() }).meta({ id: 'HookRan' });
