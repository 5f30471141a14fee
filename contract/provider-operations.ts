import { z } from 'zod';
import { CompanyId } from './names.ts';
import {
  Closings,
  Describe,
  Drain,
  Erased,
  EraseRequest,
  ExportBeginRequest,
  ExportBegun,
  ExportFinished,
  FenceRaised,
  HookRan,
  HookRequest,
  ImportBeginRequest,
  ImportBegun,
  ImportPublished,
  Opened,
  OpenRequest,
  PartReceipt,
  Sealed,
  Summary,
} from './provider.ts';

/** What a call is, for servers, clients, the generated OpenAPI and its readers. */
export interface ContractOperation {
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Below the base path. */
  readonly path: string;
  readonly summary: string;
  /** Whether FenceHeaders are demanded. */
  readonly fenced: boolean;
  readonly query?: z.ZodObject;
  /** A schema, or a stream of octets. */
  readonly request?: z.ZodType | 'octets';
  readonly response: z.ZodType | 'octets';
  readonly errors: readonly string[];
}

const FENCED = ['EpochStale', 'IncarnationChanged'] as const;
const Nothing = z.object({}).strict();

/** Every call of the provider contract. Each may be repeated; what a repeat means is said in its summary. */
export const PROVIDER_OPERATIONS = {
  describe: {
    id: 'describe',
    method: 'get',
    path: '',
    summary: 'Who answers here: name, incarnation, formats, abilities, collections.',
    fenced: false,
    response: Describe,
    errors: [],
  },
  summary: {
    id: 'summary',
    method: 'get',
    path: '/companies/{company}/summary',
    summary: 'Rows and bytes of a company per collection, on request its digests; what no collection claims.',
    fenced: false,
    query: z.object({ digest: z.enum(['true', 'false']).optional() }),
    response: Summary,
    errors: [],
  },
  drain: {
    id: 'drain',
    method: 'get',
    path: '/companies/{company}/drain',
    summary: 'What is pending now, and the watermark. Changes nothing; the caller polls.',
    fenced: false,
    response: Drain,
    errors: [],
  },
  closings: {
    id: 'closings',
    method: 'get',
    path: '/closings',
    summary: 'The companies that are closed here, a page at a time.',
    fenced: false,
    query: z.object({ after: CompanyId.optional() }),
    response: Closings,
    errors: [],
  },
  exportBegin: {
    id: 'exportBegin',
    method: 'post',
    path: '/companies/{company}/exports',
    summary:
      'Closes the company here to every writer, waits out writers in flight, then takes one consistent snapshot. A repeat ends the former export and takes a new snapshot of the still closed company.',
    fenced: true,
    request: ExportBeginRequest,
    response: ExportBegun,
    errors: FENCED,
  },
  exportPart: {
    id: 'exportPart',
    method: 'get',
    path: '/companies/{company}/exports/{export}/parts/{part}',
    summary: 'The octets of a part, at most 1 GiB. May be read again: the same octets come.',
    fenced: true,
    response: 'octets',
    errors: [...FENCED, 'SessionUnknown'],
  },
  exportFinish: {
    id: 'exportFinish',
    method: 'post',
    path: '/companies/{company}/exports/{export}/finish',
    summary:
      'Bytes, rows and SHA-256 per part as the provider counted them while streaming, digests of the snapshot, the watermark. A repeat answers the same.',
    fenced: true,
    request: Nothing,
    response: ExportFinished,
    errors: [...FENCED, 'SessionUnknown'],
  },
  exportRelease: {
    id: 'exportRelease',
    method: 'delete',
    path: '/companies/{company}/exports/{export}',
    summary: 'Gives the snapshot back; the company stays closed. A repeat, or an unknown session, is fine.',
    fenced: true,
    response: Nothing,
    errors: FENCED,
  },
  open: {
    id: 'open',
    method: 'post',
    path: '/companies/{company}/open',
    summary:
      'Ends the closing and every export of it. With a grant: only the closing under that grant, else nothing is touched. A repeat is fine.',
    fenced: true,
    request: OpenRequest,
    response: Opened,
    errors: FENCED,
  },
  importBegin: {
    id: 'importBegin',
    method: 'post',
    path: '/companies/{company}/imports',
    summary:
      'A session that kills older ones with their staging and open streams. Ends a closing left here by a move away. When this epoch and holder have published an equal manifest here, and no seal came since, that session with nothing changed.',
    fenced: true,
    request: ImportBeginRequest,
    response: ImportBegun,
    errors: [...FENCED, 'FormatUnreadable', 'ImportSealed', 'TargetNotEmpty'],
  },
  importPart: {
    id: 'importPart',
    method: 'put',
    path: '/companies/{company}/imports/{session}/parts/{part}',
    summary: 'Streams a part into staging; the fence is checked per batch. A repeat replaces the part.',
    fenced: true,
    request: 'octets',
    response: PartReceipt,
    errors: [...FENCED, 'SessionUnknown', 'ImportSealed', 'ChecksumMismatch'],
  },
  importPublish: {
    id: 'importPublish',
    method: 'post',
    path: '/companies/{company}/imports/{session}/publish',
    summary:
      'All visible or nothing, in one transaction with the fence check; refused unless staging equals the manifest. A repeat answers the first answer.',
    fenced: true,
    request: Nothing,
    response: ImportPublished,
    errors: [...FENCED, 'SessionUnknown', 'ImportSealed', 'StagingMismatch', 'KeyConflict'],
  },
  importAbort: {
    id: 'importAbort',
    method: 'delete',
    path: '/companies/{company}/imports/{session}',
    summary:
      'Drops the session and its staging. A published session stays. A repeat, or an unknown session, is fine.',
    fenced: true,
    response: Nothing,
    errors: FENCED,
  },
  seal: {
    id: 'seal',
    method: 'post',
    path: '/companies/{company}/seal',
    summary:
      'Ends open calls, refuses every later import call of epochs up to this one, then returns rows and digests. A repeat computes them anew.',
    fenced: true,
    request: Nothing,
    response: Sealed,
    errors: FENCED,
  },
  fence: {
    id: 'fence',
    method: 'post',
    path: '/companies/{company}/fence',
    summary: 'Raises the epoch and ends open calls of lower ones before it answers. A repeat is fine.',
    fenced: true,
    request: Nothing,
    response: FenceRaised,
    errors: FENCED,
  },
  erase: {
    id: 'erase',
    method: 'post',
    path: '/companies/{company}/erase',
    summary:
      'Everything of the company at this location, staging too; ends open calls of lower epochs first. A repeat erases nothing more and answers what is left.',
    fenced: true,
    request: EraseRequest,
    response: Erased,
    errors: [...FENCED, 'KeyConflict'],
  },
  hook: {
    id: 'hook',
    method: 'post',
    path: '/companies/{company}/hooks/{hook}',
    summary: 'Runs a hook; a key that ran before is not run again.',
    fenced: true,
    request: HookRequest,
    response: HookRan,
    errors: FENCED,
  },
} as const satisfies Record<string, ContractOperation>;

export type ProviderOperation = keyof typeof PROVIDER_OPERATIONS;
