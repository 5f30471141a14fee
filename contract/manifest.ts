import { z } from 'zod';
import { MAX_BACKUP_DAYS } from './limits.ts';
import { CompanyId, Count, Epoch, Location, ProviderName, Sha256, TaskId } from './names.ts';
import { CollectionDigest, Format, Watermark } from './provider.ts';

/** A part as it lies in the exports bucket. Its bytes were equal at the provider, in the stream and in S3. */
export const ManifestPart = z
  .object({
    part: z.int().min(0),
    key: z.string(),
    etag: z.string(),
    bytes: Count,
    rows: Count,
    sha256: Sha256,
    crc32: z.string().meta({ description: "S3's full-object CRC32, base64" }),
  })
  .strict();
export type ManifestPart = z.infer<typeof ManifestPart>;

/** What the export of one provider holds. Written once beside its parts; its SHA-256 stands in the subtask's row. */
export const Manifest = z
  .object({
    manifestVersion: z.literal(1),
    task: TaskId,
    company: CompanyId,
    provider: ProviderName,
    location: Location,
    epoch: Epoch,
    attempt: z.int().min(1),
    format: Format,
    parts: z.array(ManifestPart),
    collections: z.array(CollectionDigest),
    watermark: Watermark,
  })
  .strict()
  .meta({ id: 'Manifest' });
export type Manifest = z.infer<typeof Manifest>;

/** Where a manifest lies and what it must be; with it an import can trust nothing else. */
export const ManifestReference = z
  .object({ bucket: z.string(), region: z.string(), key: z.string(), etag: z.string(), sha256: Sha256 })
  .strict();
export type ManifestReference = z.infer<typeof ManifestReference>;

/** Whose export a manifest is: an import refuses any other. */
export const Exported = z.object({ task: TaskId, epoch: Epoch }).strict();
export type Exported = z.infer<typeof Exported>;

/**
 * Days for which a backup may be kept, by the value of its objects' tag. They are fixed: another `retention.backupDays`
 * shortens the life of no object that is there.
 */
export const BACKUP_WINDOWS = {
  'backup-1': 1,
  'backup-7': 7,
  'backup-14': 14,
  'backup-30': 30,
  'backup-60': 60,
  'backup-90': 90,
  'backup-180': 180,
  'backup-365': MAX_BACKUP_DAYS,
} as const;
type BackupRetention = keyof typeof BACKUP_WINDOWS;

/** How long S3's lifecycle lets an object lie, at most: the value of its tag. */
export const Retention = z.enum(['transfer', ...(Object.keys(BACKUP_WINDOWS) as BackupRetention[])]);
export type Retention = z.infer<typeof Retention>;

/** The shortest window that a backup of so many days fits into. */
export function backupRetention(days: number): BackupRetention {
  const fitting = Object.entries(BACKUP_WINDOWS).find(([, window]) => window >= days);
  if (!fitting) throw new RangeError(`no backup is kept for ${days} days`);
  return fitting[0] as BackupRetention;
}

/** All objects of a task lie below this prefix: company first, so that a company's traces can be listed. */
export const exportPrefix = (company: string, task: string): string => `exports/${company}/${task}/`;

/** Epoch and attempt stand in the key: a worker of the past can't meet the objects of the present. */
export const attemptPrefix = (at: {
  company: string;
  task: string;
  provider: string;
  epoch: number;
  attempt: number;
}): string => `${exportPrefix(at.company, at.task)}${at.provider}/e${at.epoch}-a${at.attempt}/`;

export const partKey = (prefix: string, part: number): string =>
  `${prefix}part-${String(part).padStart(5, '0')}`;
export const manifestKey = (prefix: string): string => `${prefix}manifest.json`;
