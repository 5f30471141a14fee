import type { Bucket, StoredObject, Upload } from './store.ts';
import { dropUpload, removeObject } from './store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** One rule. An object must match the prefix and every tag. */
export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Whole days, at least 1. */
  readonly expirationDays?: number;
  /** Whole days, at least 1; AWS refuses it in a rule with tags. */
  readonly abortIncompleteMultipartUploadDays?: number;
}

/** A lifecycle rule that AWS would refuse. */
export class LifecycleRuleInvalid extends Error {
  override readonly name = 'LifecycleRuleInvalid';
}

/**
 * Refuses what PutBucketLifecycleConfiguration would refuse.
 * Source: Amazon S3 User Guide, "Lifecycle configuration elements".
 */
export function checkRules(rules: readonly LifecycleRule[]): void {
  for (const rule of rules) {
    for (const days of [rule.expirationDays, rule.abortIncompleteMultipartUploadDays]) {
      if (days !== undefined && !(Number.isInteger(days) && days >= 1)) {
        throw new LifecycleRuleInvalid(`Rule ${rule.id} says ${days} days; days are whole and at least 1.`);
      }
    }
    if (rule.abortIncompleteMultipartUploadDays !== undefined && Object.keys(rule.tags ?? {}).length > 0) {
      throw new LifecycleRuleInvalid(
        `Rule ${rule.id} aborts uploads by tag, but an unfinished upload has no tags to filter by; use a prefix.`,
      );
    }
    if (rule.expirationDays === undefined && rule.abortIncompleteMultipartUploadDays === undefined) {
      throw new LifecycleRuleInvalid(`Rule ${rule.id} does nothing; give it an expiration or an abort.`);
    }
  }
}

/**
 * When so many days after `from` have passed: rounded up to the next midnight UTC. Milliseconds since 1970.
 * Source: Amazon S3 User Guide, "Lifecycle configuration elements", lifecycle rules based on an object's age.
 */
export function dueAt(from: number, days: number): number {
  return Math.ceil((from + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** The rule that expires the object first, or undefined if none does. */
export function expiryOf(
  rules: readonly LifecycleRule[],
  object: StoredObject,
): { at: number; ruleId: string } | undefined {
  let first: { at: number; ruleId: string } | undefined;
  for (const rule of rules) {
    if (rule.expirationDays === undefined || !matches(rule, object.key, object.tags)) continue;
    const at = dueAt(object.lastModified, rule.expirationDays);
    if (!first || at < first.at) first = { at, ruleId: rule.id };
  }
  return first;
}

/** The rule that aborts the upload first, or undefined if none does. */
export function abortOf(
  rules: readonly LifecycleRule[],
  upload: Pick<Upload, 'key' | 'initiated'>,
): { at: number; ruleId: string } | undefined {
  let first: { at: number; ruleId: string } | undefined;
  for (const rule of rules) {
    const days = rule.abortIncompleteMultipartUploadDays;
    if (days === undefined || !matches(rule, upload.key, new Map())) continue;
    const at = dueAt(upload.initiated, days);
    if (!first || at < first.at) first = { at, ruleId: rule.id };
  }
  return first;
}

function matches(rule: LifecycleRule, key: string, tags: ReadonlyMap<string, string>): boolean {
  if (!rule.enabled || !key.startsWith(rule.prefix ?? '')) return false;
  return Object.entries(rule.tags ?? {}).every(([name, value]) => tags.get(name) === value);
}

/** What one application of the rules did, keys in the order of their deletion. */
export interface LifecycleOutcome {
  readonly expired: readonly string[];
  readonly abortedUploads: readonly string[];
}

/**
 * Deletes what is due at `now`. AWS does it some time after it is due; here it's done by the time this resolves.
 */
export async function applyRules(bucket: Bucket, now: number): Promise<LifecycleOutcome> {
  const rules = bucket.config.lifecycleRules ?? [];
  const expired = [...bucket.objects.values()].filter((object) => isDue(expiryOf(rules, object), now));
  for (const object of expired) await removeObject(bucket, object.key);
  const aborted = [...bucket.uploads.values()].filter((upload) => isDue(abortOf(rules, upload), now));
  for (const upload of aborted) await dropUpload(bucket, upload);
  return { expired: expired.map(({ key }) => key), abortedUploads: aborted.map(({ id }) => id) };
}

function isDue(due: { at: number } | undefined, now: number): boolean {
  return due !== undefined && due.at <= now;
}
