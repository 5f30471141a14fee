// A provider without a store, as a process: it exports deterministic octets as fast as it is read, and counts what it
// imports. `node streaming-provider.ts CONFIG.json`, started by demo/world/child.ts.
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { EMPTY_DIGEST, MAX_PART_BYTES, type PartReceipt } from '@tanker/contract/index.ts';
import type { CompanyCall, ProviderImplementation } from '@tanker/sdk/provider-implementation.ts';
import { serveProvider } from '@tanker/sdk/serve-provider.ts';
import { runChild } from '../../demo/world/child.ts';

export interface StreamingConfig {
  readonly name: string;
  readonly port: number;
  readonly token: string;
  /** What the company has at the source; the target begins empty. */
  readonly bytes: number;
  /** Datacenter of the source. */
  readonly source: string;
}

const FORMAT = { name: 'octets', version: 1 };
const CHUNK_BYTES = 64 * 1024;
const COLLECTION = 'octets';

/** Always the same octets, that no compression makes smaller: a chain of hashes. */
const BLOCK = Buffer.alloc(CHUNK_BYTES);
for (let at = 0, hash = createHash('sha256').update('tanker').digest(); at < CHUNK_BYTES; at += hash.length) {
  hash = createHash('sha256').update(hash).digest();
  hash.copy(BLOCK, at);
}

interface Site {
  parts: PartReceipt[];
  session: string;
  readonly streamed: Map<number, PartReceipt>;
  published: boolean;
}

function providerOf(config: StreamingConfig): ProviderImplementation {
  const incarnation = randomUUID();
  const sites = new Map<string, Site>();
  const sizes = Array.from({ length: Math.ceil(config.bytes / MAX_PART_BYTES) }, (_, part) =>
    Math.min(MAX_PART_BYTES, config.bytes - part * MAX_PART_BYTES),
  );
  const siteOf = ({ location }: Pick<CompanyCall, 'location'>): Site => {
    const known = sites.get(location.datacenter);
    const isSource = location.datacenter === config.source;
    const site = known ?? { parts: [], session: '', streamed: new Map(), published: isSource };
    sites.set(location.datacenter, site);
    return site;
  };
  const rowsOf = (call: Pick<CompanyCall, 'location'>) => (siteOf(call).published ? sizes.length : 0);
  const digest = (rows: number) => [{ name: COLLECTION, digest: { ...EMPTY_DIGEST, rows } }];
  return {
    describe: async () => ({
      name: config.name,
      contractVersion: 1,
      incarnation,
      writes: FORMAT,
      reads: [FORMAT],
      abilities: ['export', 'import', 'drain'],
      hooks: [],
      importAfter: [],
      collections: [COLLECTION],
      now: new Date().toISOString(),
    }),
    summary: async (call) => ({
      incarnation,
      epoch: 0,
      holder: null,
      closed: null,
      collections: [{ name: COLLECTION, rows: rowsOf(call), bytes: rowsOf(call) > 0 ? config.bytes : 0 }],
      stagingRows: 0,
      unclaimed: [],
      watermark: '1',
      work: [],
    }),
    drain: async () => ({ pending: 0, watermark: '1' }),
    closings: async () => ({ incarnation, closings: [], next: null }),
    exportBegin: async (call) => {
      const site = siteOf(call);
      site.session = randomUUID();
      site.streamed.clear();
      const parts = sizes.map((estimatedBytes, part) => ({ part, estimatedBytes }));
      return { export: site.session, format: FORMAT, parts };
    },
    exportPart: async (call, { part }) => {
      const bytes = sizes[part] ?? 0;
      const { streamed } = siteOf(call);
      return Readable.from(
        octets(bytes, (sha256) => streamed.set(part, { part, bytes, rows: 1, sha256 })),
        {
          objectMode: false,
          highWaterMark: CHUNK_BYTES,
        },
      );
    },
    exportFinish: async (call) => {
      const parts = [...siteOf(call).streamed.values()].sort((a, b) => a.part - b.part);
      return { parts, collections: digest(parts.length), watermark: '1', work: [] };
    },
    exportRelease: async () => {},
    open: async () => {},
    importBegin: async (call, { parts }) => {
      const site = siteOf(call);
      site.parts = parts;
      site.session = randomUUID();
      return { session: site.session };
    },
    importPart: async (_, { part }, body) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const chunk of body) {
        hash.update(chunk as Buffer);
        bytes += (chunk as Buffer).length;
      }
      return { part, bytes, rows: 1, sha256: hash.digest('hex') };
    },
    importPublish: async (call) => {
      siteOf(call).published = true;
      return { rows: rowsOf(call), work: [] };
    },
    importAbort: async () => {},
    seal: async (call) => ({ collections: digest(rowsOf(call)), watermark: '1', work: [] }),
    fence: async () => {},
    erase: async () => ({ erased: { rows: 0, staging: 0 }, left: { rows: 0, staging: 0 } }),
    hook: async () => false,
  };
}

function* octets(bytes: number, ended: (sha256: string) => void): Generator<Buffer> {
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) {
    const chunk = left >= CHUNK_BYTES ? BLOCK : BLOCK.subarray(0, left);
    hash.update(chunk);
    yield chunk;
  }
  ended(hash.digest('hex'));
}

await runChild<StreamingConfig>(async (config) => {
  const { port, token } = config;
  const running = await serveProvider({ implementation: providerOf(config), tokens: [token] }).listen({
    port,
  });
  const stop = async () => {
    await running.close();
    return {};
  };
  return { ready: { url: running.url }, stop };
});
