import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { exportPrefix, formatLocation, GATEWAY_BASE, keys } from '@tanker/contract/index.ts';
import { type Copy, openCopy } from '../migrate/copies.ts';
import { countRows } from '../migrate/seeded-rows.ts';
import type { Stage } from '../stage.ts';
import { type CompanySnapshot, compare, QUEUES, snapshotCompany, stagingLeftovers } from '../world/checks.ts';
import {
  type DocumentPrints,
  documentLeftovers,
  filesOnDisk,
  readDocuments,
} from '../world/document-checks.ts';
import { OUTBOXES, QUEUE } from '../world/schema.ts';
import { LOCATIONS, type WorldLocation } from '../world/topology.ts';

/** Looks into databases, directories, buckets, gateway and table, by code that shares nothing with the product. */

export interface Holdings {
  readonly tables: CompanySnapshot;
  readonly documents: DocumentPrints;
}

async function at<T>(stage: Stage, location: WorldLocation, work: (copy: Copy) => Promise<T>): Promise<T> {
  const copy = await openCopy(stage.world, location);
  try {
    return await work(copy);
  } finally {
    await copy.client.end();
  }
}

export const holdingsAt = (stage: Stage, company: string, location: WorldLocation): Promise<Holdings> =>
  at(stage, location, async ({ client, files }) => ({
    tables: await snapshotCompany(client, company),
    documents: readDocuments(files, company),
  }));

/** Longer than the job takes that works messages off; and how soon one is due that customers have just written. */
const WORKED_OFF_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
const SOON = '1 minute';

/** Waits until no message of the company is pending or due soon: then nothing of it changes any more by itself. */
export async function untilWorkedOff({ client }: Pick<Copy, 'client'>, company: string): Promise<boolean> {
  const pending = Object.keys(OUTBOXES).map(
    (service) => `(SELECT count(*) FROM ${service}.outbox WHERE company_id = $1 AND delivered_at IS NULL)`,
  );
  const due = `(SELECT count(*) FROM ${QUEUE.table} WHERE company_id = $1 AND deliver_at <= now() + interval '${SOON}')`;
  const deadline = Date.now() + WORKED_OFF_WITHIN_MS;
  while (Date.now() < deadline) {
    const { rows } = await client.query<{ left: string }>(`SELECT ${[...pending, due].join(' + ')} AS left`, [
      company,
    ]);
    if (rows[0]?.left === '0') return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/** What differs between two holdings: tables by name, documents by path. Queues stay behind when a company moves. */
export function differences(before: Holdings, after: Holdings): string[] {
  const paths = new Set([...before.documents.keys(), ...after.documents.keys()]);
  return [
    ...compare(before.tables, after.tables, QUEUES).different,
    ...[...paths].filter((path) => before.documents.get(path) !== after.documents.get(path)),
  ];
}

/** Everything of the company at these locations, rows, files and staging, as findings. */
export async function leftAt(
  stage: Stage,
  company: string,
  locations: readonly WorldLocation[] = LOCATIONS,
): Promise<string[]> {
  const found: string[] = [];
  for (const location of locations) {
    const place = formatLocation(location);
    await at(stage, location, async ({ client, files }) => {
      const rows = await countRows(client, company);
      const staging = Object.keys(await stagingLeftovers(client, company));
      const onDisk = [...filesOnDisk(files, company), ...documentLeftovers(files, company)];
      if (rows > 0) found.push(`${rows} rows at ${place}`);
      if (staging.length > 0) found.push(`staging at ${place}: ${staging.join(', ')}`);
      if (onDisk.length > 0) found.push(`${onDisk.length} files at ${place}`);
    });
  }
  return found;
}

/** Objects and unfinished uploads of the company in every bucket, by `bucket/key`; of one task only when it is named. */
export function inBuckets({ cloud }: Stage, company: string, task?: string): string[] {
  const prefix = task === undefined ? `exports/${company}/` : exportPrefix(company, task);
  return cloud.s3
    .buckets()
    .flatMap(({ name }) => [
      ...cloud.s3.objects(name).map(({ key }) => ({ key, text: `${name}/${key}` })),
      ...cloud.s3.uploads(name).map(({ key }) => ({ key, text: `upload of ${name}/${key}` })),
    ])
    .flatMap(({ key, text }) => (key.startsWith(prefix) ? [text] : []));
}

interface Authority {
  readonly home: { readonly state: string; readonly location?: WorldLocation };
  readonly version: number;
  readonly lock: { readonly state: string } | null;
}

export async function authorityOf({ world }: Stage, company: string): Promise<Authority> {
  const { url, readerToken } = world.gateway;
  const answer = await fetch(`${url}${GATEWAY_BASE}/companies/${company}`, {
    headers: { authorization: `Bearer ${readerToken}` },
  });
  return (await answer.json()) as Authority;
}

/** The status that a customer of the company gets. */
export const customerStatus = async ({ world }: Stage, company: string): Promise<number> =>
  (await fetch(`${world.gateway.url}/c/${company}/persons`)).status;

/** A row of the company in Tanker's table as it is, or undefined. */
export const rowOf = async (
  { rows }: Stage,
  key: { pk: string; sk: string },
): Promise<Record<string, unknown> | undefined> =>
  (await rows.get(key)) as Record<string, unknown> | undefined;

export const backupRow = (stage: Stage, company: string, task: string) =>
  rowOf(stage, keys.backup(company, task));

/** Reads every object of a backup and compares its octets with the manifest beside it: what differs, as findings. */
export async function damagedObjects(stage: Stage, company: string, task: string): Promise<string[]> {
  const record = await backupRow(stage, company, task);
  if (!record) return ['the backup is not on record'];
  const region = String(record['region']);
  const Bucket = String(record['bucket']);
  const { endpoint, credentials } = stage.cloud;
  const s3 = new S3Client({ region, endpoint, credentials, forcePathStyle: true });
  const octets = async (Key: string): Promise<Uint8Array> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  };
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const found: string[] = [];
  try {
    for (const [provider, { key, sha256: expected }] of Object.entries(
      record['providers'] as Record<string, { key: string; sha256: string }>,
    )) {
      const manifest = await octets(key);
      if (sha256(manifest) !== expected) found.push(`the manifest of ${provider} is another`);
      const { parts } = JSON.parse(Buffer.from(manifest).toString('utf8')) as {
        parts: { key: string; sha256: string }[];
      };
      for (const part of parts) {
        if (sha256(await octets(part.key)) !== part.sha256) found.push(`${part.key} has other octets`);
      }
    }
    return found;
  } finally {
    s3.destroy();
  }
}
