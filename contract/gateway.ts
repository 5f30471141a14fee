import { z } from 'zod';
import { CompanyId, Epoch, Holder, Instant, Location, TaskId } from './names.ts';
import type { ContractOperation } from './provider-operations.ts';

export const GATEWAY_BASE = '/tanker/v1';

/** Where a company lives, or that it lives nowhere. */
export const Home = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('home'), location: Location }).strict(),
    z.object({ state: z.literal('removed') }).strict(),
    z.object({ state: z.literal('erased') }).strict(),
  ])
  .meta({ id: 'Home' });
export type Home = z.infer<typeof Home>;

/** One granting of the traffic lock. It lives once: `state` only ever goes from held to released or expired. */
export const Grant = z
  .object({
    grant: z.int().min(1),
    epoch: Epoch,
    holder: Holder,
    state: z.enum(['held', 'released', 'expired']),
    /** Whose unlock ended it while it was held, and never forgotten: the commit mark of a backup. Null otherwise. */
    releasedBy: Holder.nullable(),
    leaseUntil: Instant,
  })
  .strict()
  .meta({ id: 'Grant' });
export type Grant = z.infer<typeof Grant>;

/** The authority record of a company: one per company, in one linearizable store. */
export const AuthorityRecord = z
  .object({
    company: CompanyId,
    home: Home,
    /** The placement version: raised by every commit. */
    version: z.int().min(0),
    /** The task whose commit made the version, null for the sign-up. */
    versionTask: TaskId.nullable(),
    /** The highest epoch ever claimed, with its holder; never forgotten. */
    epoch: Epoch,
    holder: Holder.nullable(),
    /** The last grant, held or ended; null before the first. */
    lock: Grant.nullable(),
    /** Jurisdictions the company's data is allowed in; absent: what the topology's rules say. The stricter wins. */
    jurisdictions: z.array(z.string()).optional(),
  })
  .meta({ id: 'AuthorityRecord' });
export type AuthorityRecord = z.infer<typeof AuthorityRecord>;

const Claimant = { task: TaskId, epoch: Epoch, holder: Holder };

export const ClaimRequest = z.object(Claimant).strict().meta({ id: 'ClaimRequest' });

/** The record after the claim, and who held it before: a recovery learns from it whether the task had claimed. */
export const Claimed = z
  .object({
    record: AuthorityRecord,
    before: z.object({ epoch: Epoch, holder: Holder.nullable() }),
  })
  .meta({ id: 'Claimed' });
export type Claimed = z.infer<typeof Claimed>;

export const LockRequest = z
  .object({
    ...Claimant,
    leaseSeconds: z.int().min(1).meta({ description: 'lock budget + margin; never renewed' }),
  })
  .strict()
  .meta({ id: 'LockRequest' });

export const Locked = z.object({ grant: Grant, lockedAt: Instant }).meta({ id: 'Locked' });
export type Locked = z.infer<typeof Locked>;

export const UnlockRequest = z.object(Claimant).strict().meta({ id: 'UnlockRequest' });

/** `unbroken`: the grant was still held when this unlock, or the first one of this holder, ended it. */
export const Unlocked = z
  .object({ unbroken: z.boolean(), grant: Grant.nullable(), unlockedAt: Instant })
  .meta({ id: 'Unlocked' });
export type Unlocked = z.infer<typeof Unlocked>;

export const CommitRequest = z
  .object({
    ...Claimant,
    grant: z.int().min(1),
    from: Home,
    to: Home,
    version: z.int().min(0).meta({ description: 'the version as claimed; the commit raises it by one' }),
  })
  .strict()
  .meta({ id: 'CommitRequest' });

export const Committed = z
  .object({ home: Home, version: z.int().min(1), committedAt: Instant })
  .meta({ id: 'Committed' });
export type Committed = z.infer<typeof Committed>;

/** Every call of the gateway contract. `read` takes the reader's token too; the others only the operator's. */
export const GATEWAY_OPERATIONS = {
  read: {
    id: 'read',
    method: 'get',
    path: '/companies/{company}',
    summary: 'The authority record, read linearizably: never from a replica or a cache.',
    fenced: false,
    response: AuthorityRecord,
    errors: ['CompanyUnknown'],
  },
  claim: {
    id: 'claim',
    method: 'post',
    path: '/companies/{company}/claim',
    summary:
      'One write that raises the highest epoch and returns home and version. A repeat by the same holder answers the same; a lower epoch, and an equal one of another holder, is refused.',
    fenced: false,
    request: ClaimRequest,
    response: Claimed,
    errors: ['CompanyUnknown', 'EpochStale'],
  },
  lock: {
    id: 'lock',
    method: 'post',
    path: '/companies/{company}/lock',
    summary:
      'Refuses new requests of the company and answers a grant once nothing of it is in flight, wherever it lives, or nowhere. An epoch is granted once: a repeat while it is held returns the same grant, after its end it is refused.',
    fenced: false,
    request: LockRequest,
    response: Locked,
    errors: ['CompanyUnknown', 'EpochStale', 'LockRefused', 'TrafficNotQuiet'],
  },
  unlock: {
    id: 'unlock',
    method: 'post',
    path: '/companies/{company}/unlock',
    summary:
      'Ends the lock of this epoch or a lower one, notes whose unlock ended a held one, and keeps the highest epoch. The answer is kept: a repeat returns the first.',
    fenced: false,
    request: UnlockRequest,
    response: Unlocked,
    errors: ['CompanyUnknown', 'EpochStale'],
  },
  commit: {
    id: 'commit',
    method: 'post',
    path: '/companies/{company}/commit',
    summary:
      'The one compare-and-set that changes home: from home to another home, removed or erased, from removed to a home or erased, from erased to nothing. Refused unless the epoch is the highest, the grant unbroken, home and version as claimed. A repeat by the same task returns the first answer.',
    fenced: false,
    request: CommitRequest,
    response: Committed,
    errors: ['CompanyUnknown', 'EpochStale', 'GrantBroken', 'PlacementChanged', 'CompanyErased'],
  },
} as const satisfies Record<string, ContractOperation>;

/** What customers get while their company is locked: 423 with Retry-After, in seconds. */
export const LOCKED_STATUS = 423;
export const LOCKED_RETRY_AFTER_SECONDS = 2;
