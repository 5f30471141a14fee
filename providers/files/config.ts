import {
  type HookName,
  type Location,
  MAX_PART_BYTES,
  ProviderName,
  ServerName,
} from '@tanker/contract/index.ts';
import { z } from 'zod';

export const FORMAT = { name: 'tanker-files', version: 1 } as const;
export const COLLECTION = 'files';

/** Paths and content types as headers in a part: control characters are refused, so JSON at most doubles their octets. */
const MAX_PATH_BYTES = 1024;
const MAX_CONTENT_TYPE_BYTES = 255;
/** 2 × (1,024 + 255) for the texts, and 200 for names, digits and the checksum. */
export const MAX_RECORD_HEADER_BYTES = 2 * (MAX_PATH_BYTES + MAX_CONTENT_TYPE_BYTES) + 200;
/** A part's own first line. */
export const MAX_PART_HEADER_BYTES = 200;

/** A file travels in one part with its header: 1 GiB − 2,958 octets. Larger ones are refused when they are stored. */
export const MAX_FILE_BYTES = MAX_PART_BYTES - MAX_PART_HEADER_BYTES - MAX_RECORD_HEADER_BYTES;

const shortText = (most: number, what: string) =>
  z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= most && !/\p{Cc}/u.test(text) && text.isWellFormed(), {
      error: `${what} of at most ${most} octets without control characters`,
    });

/** What is known of a file beside its content. `path` is its name inside its company; it names nothing on the disk. */
export const FileInfo = z
  .object({
    path: shortText(MAX_PATH_BYTES, 'a path'),
    contentType: shortText(MAX_CONTENT_TYPE_BYTES, 'a content type'),
    bytes: z.int().min(0).max(MAX_FILE_BYTES),
    /** Of the content, in lower-case hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
    createdAt: z.iso.datetime({ precision: 3 }),
  })
  .strict();
export type FileInfo = z.infer<typeof FileInfo>;

export interface HookContext {
  readonly company: string;
  readonly location: Location;
  readonly version: number;
  readonly signal: AbortSignal;
}

export interface FilesProviderConfig {
  readonly name: string;
  readonly datacenter: string;
  /** The directory of each server of this datacenter, on a case-sensitive file system of its own machine. */
  readonly servers: Readonly<Record<string, { readonly directory: string }>>;
  /** Providers that must be imported before this one. */
  readonly importAfter?: readonly string[];
  /** Beside the store: its key is recorded when it has ended, so one that a crash interrupts runs again. */
  readonly hooks?: Readonly<Partial<Record<HookName, (context: HookContext) => Promise<void>>>>;
  /** Default and maximum: the contract's 1 GiB. A file that is larger is a part by itself. */
  readonly maxPartBytes?: number;
  /** The provider's clock. Default: the machine's. */
  readonly now?: () => Date;
}

/** Checks what TypeScript can't. Throws an Error that names the field. */
export function checkConfig(config: FilesProviderConfig): void {
  ProviderName.parse(config.name);
  for (const server of Object.keys(config.servers)) ServerName.parse(server);
  if (config.maxPartBytes !== undefined && !(config.maxPartBytes <= MAX_PART_BYTES)) {
    throw new Error(`maxPartBytes is ${config.maxPartBytes}; the contract allows ${MAX_PART_BYTES}.`);
  }
}
