import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { ExportFinished } from '@tanker/contract/index.ts';
import { exportCompany } from '../../core/agent/export.ts';
import { importCompany } from '../../core/agent/import.ts';
import { problem, SUM } from '../support/memory-provider.ts';
import { agentWorld, BUCKET, eventOf, THERE } from './agent-world.ts';

const PARTS = [randomBytes(1000), Buffer.alloc(0), randomBytes(200_000)];
const exportEvent = eventOf('export', { grant: 1 });
const PREFIX = 'exports/acme/move-1/contacts/e3-a1/';

async function exported() {
  const source = agentWorld(PARTS);
  const { result } = await source.run(exportCompany, exportEvent);
  const target = agentWorld();
  const importing = (changes: object = {}) =>
    target.run(importCompany, eventOf('import', { location: THERE, manifest: result.manifest, ...changes }));
  target.ports.exportsAt = () => source.exports;
  return { source, target, result, importing };
}

describe('an export', () => {
  test('leaves each part and one manifest, and gives the snapshot back', async () => {
    const { source, result } = await exported();
    expect([...source.exports.objects.keys()].sort()).toEqual([
      `${PREFIX}manifest.json`,
      ...PARTS.map((_part, number) => `${PREFIX}part-0000${number}`),
    ]);
    expect(source.provider.calls.at(0)).toBe('exportBegin');
    expect(source.provider.calls.slice(-2)).toEqual(['exportFinish', 'exportRelease']);
    const bytes = 201_000;
    expect(result).toMatchObject({
      ...{ parts: 3, rows: 3, bytesProvider: bytes, bytesStreamed: bytes, bytesStored: bytes },
      manifest: { ...BUCKET, key: `${PREFIX}manifest.json` },
    });
    expect(source.progress).toEqual({ bytes, parts: 3 });
  });

  test('names the fence of its event in every call', async () => {
    const { source } = await exported();
    for (const fence of source.provider.fences) {
      expect(fence).toEqual({ task: 'move-1', epoch: 3, holder: 'move-1/move-1', incarnation: 'i1' });
    }
  });

  test('of a provider without rows has a manifest too', async () => {
    const world = agentWorld([]);
    const { result, work } = await world.run(exportCompany, exportEvent);
    expect(result).toMatchObject({ parts: 0, rows: 0, bytesStored: 0 });
    expect(work.map(({ kind }) => kind)).toEqual(['digest']);
  });

  const lies: [string, (told: ExportFinished) => ExportFinished][] = [
    ['counts other bytes', (told) => ({ ...told, parts: told.parts.map((p) => ({ ...p, bytes: 1 })) })],
    [
      'has another SHA-256',
      (told) => ({ ...told, parts: told.parts.map((p) => ({ ...p, sha256: '0'.repeat(64) })) }),
    ],
    ['forgets a part', (told) => ({ ...told, parts: told.parts.slice(1) })],
    ['counts a part twice', (told) => ({ ...told, parts: told.parts.map((p) => ({ ...p, part: 0 })) })],
    [
      'counts other rows in its digests',
      (told) => ({
        ...told,
        collections: told.collections.map(({ name }) => ({ name, digest: { rows: 4, sum: SUM } })),
      }),
    ],
    [
      'names a collection twice in its digests',
      (told) => ({
        ...told,
        collections: [1, 2].map((rows) => ({ name: 'contacts', digest: { rows, sum: SUM } })),
      }),
    ],
    [
      'has a digest of another collection than it describes',
      (told) => ({ ...told, collections: told.collections.map((one) => ({ ...one, name: 'deals' })) }),
    ],
  ];
  for (const [what, lie] of lies) {
    test(`fails and writes no manifest when the provider ${what}`, async () => {
      const { provider, exports, run } = agentWorld(PARTS);
      provider.finished = lie;
      await expect(run(exportCompany, exportEvent)).rejects.toMatchObject({ name: 'ExportMismatch' });
      expect(exports.objects.has(`${PREFIX}manifest.json`)).toBe(false);
    });
  }

  for (const step of ['exportBegin', 'exportPart', 'exportFinish']) {
    test(`that dies at ${step} leaves no manifest; the next attempt is whole and meets nothing of it`, async () => {
      const { provider, exports, run } = agentWorld(PARTS);
      provider.fault = (call) => {
        if (call === step) throw new Error('killed');
      };
      await expect(run(exportCompany, exportEvent)).rejects.toThrow('killed');
      expect([...exports.objects.keys()].some((key) => key.endsWith('manifest.json'))).toBe(false);
      expect(exports.uploads.size).toBe(0);
      provider.fault = () => undefined;
      const { result } = await run(exportCompany, eventOf('export', { grant: 1, attempt: 2 }));
      expect(result.manifest.key).toBe('exports/acme/move-1/contacts/e3-a2/manifest.json');
    });
  }

  test('streams a part once more when it broke off, and counts it once', async () => {
    const { provider, progress, run } = agentWorld(PARTS);
    const { streamOf } = provider;
    let broken = 0;
    provider.streamOf = (part, body) => {
      if (part !== 2 || broken > 0) return streamOf(part, body);
      broken += 1;
      return new Readable({
        read() {
          this.destroy(new Error('reset'));
        },
      });
    };
    await expect(run(exportCompany, exportEvent)).resolves.toMatchObject({ result: { parts: 3 } });
    expect(broken).toBe(1);
    expect(progress).toEqual({ bytes: 201_000, parts: 3 });
  });

  test('runs its hook while the company is still open, and the result says so', async () => {
    const { provider, run } = agentWorld(PARTS);
    const { result } = await run(exportCompany, eventOf('export', { grant: 1, hooks: ['before-export'] }));
    expect(provider.calls.slice(0, 2)).toEqual([
      'hook before-export acme:move-1:before-export',
      'exportBegin',
    ]);
    expect(result.hooks).toEqual(['before-export']);
  });

  test('whose hook fails has closed nothing', async () => {
    const { provider, run } = agentWorld(PARTS);
    provider.fault = (call) => {
      if (call.startsWith('hook')) throw problem('InternalFailure');
    };
    const event = eventOf('export', { grant: 1, hooks: ['before-export'] });
    await expect(run(exportCompany, event)).rejects.toMatchObject({ name: 'InternalFailure' });
    expect(provider.calls).not.toContain('exportBegin');
  });

  test.each(['transfer', 'backup-30'] as const)('marks every object as %s', async (retention) => {
    const { exports, run } = agentWorld([...PARTS, randomBytes(9 * 2 ** 20)]);
    await run(exportCompany, eventOf('export', { grant: 1, retention }));
    expect([...exports.retentions.keys()].sort()).toEqual([...exports.objects.keys()].sort());
    expect(new Set(exports.retentions.values())).toEqual(new Set([retention]));
  });

  test('of a superseded attempt makes nothing visible', async () => {
    const { exports, run } = agentWorld(PARTS);
    const confirm = () => Promise.reject(problem('SubtaskSuperseded'));
    await expect(run(exportCompany, exportEvent, { confirm })).rejects.toMatchObject({
      name: 'SubtaskSuperseded',
    });
    expect(exports.objects.size).toBe(0);
  });

  test('stands when only the snapshot could not be given back', async () => {
    const { provider, lines, run } = agentWorld(PARTS);
    provider.fault = (call) => {
      if (call === 'exportRelease') throw problem('ProviderUnreachable');
    };
    await expect(run(exportCompany, exportEvent)).resolves.toMatchObject({ result: { parts: 3 } });
    expect(lines).toHaveLength(1);
  });
});

describe('an import', () => {
  test('brings every part to staging and publishes once', async () => {
    const { target, importing, result } = await exported();
    const done = await importing();
    expect(done.result).toEqual({
      action: 'import',
      rows: 3,
      bytes: 201_000,
      manifestSha256: result.manifest.sha256,
      hooks: [],
    });
    for (const [number, body] of PARTS.entries()) expect(target.provider.staged.get(number)).toEqual(body);
    expect(target.provider.calls.filter((call) => call === 'importPublish')).toHaveLength(1);
    expect(done.work.map(({ kind }) => kind)).toEqual(['stream', 'publish']);
  });

  test('reads nothing but the manifest on record', async () => {
    const { source, target, importing, result } = await exported();
    const { key } = result.manifest;
    await expect(
      importing({ manifest: { ...result.manifest, sha256: '0'.repeat(64) } }),
    ).rejects.toMatchObject({
      name: 'ChecksumMismatch',
    });
    source.exports.objects.set(key, Buffer.from('{}'));
    await expect(importing()).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    expect(target.provider.calls).toEqual([]);
  });

  for (const other of [{ company: 'globex' }, { provider: 'deals' }, { epoch: 4 }, { task: 'move-2' }]) {
    test(`refuses a manifest of another ${Object.keys(other)[0]}`, async () => {
      const { target, importing } = await exported();
      await expect(importing(other)).rejects.toMatchObject({ name: 'InputInvalid' });
      expect(target.provider.calls).toEqual([]);
    });
  }

  test('of a restore takes the manifest of the task and epoch that made the backup, and of no other', async () => {
    const { target, importing } = await exported();
    const restore = { task: 'restore-1', epoch: 9, holder: 'restore-1/restore-1' };
    for (const other of [{ task: 'move-2', epoch: 3 }, { task: 'move-1', epoch: 4 }, undefined]) {
      const wrong = other ? { ...restore, exported: other } : restore;
      await expect(importing(wrong)).rejects.toMatchObject({ name: 'InputInvalid' });
    }
    expect(target.provider.calls).toEqual([]);
    const { result } = await importing({ ...restore, exported: { task: 'move-1', epoch: 3 } });
    expect(result.rows).toBe(3);
    expect(new Set(target.provider.fences.map(({ epoch }) => epoch))).toEqual(new Set([9]));
  });

  test('runs its hooks around the session, under keys of its own task, and the result says so', async () => {
    const { target, importing } = await exported();
    const { result } = await importing({ hooks: ['after-import', 'before-import', 'after-restore'] });
    expect(target.provider.calls.at(0)).toBe('hook before-import acme:move-1:before-import');
    expect(target.provider.calls.at(1)).toBe('importBegin');
    expect(target.provider.calls.slice(-2)).toEqual([
      'importPublish',
      'hook after-import acme:move-1:after-import',
    ]);
    expect(result.hooks).toEqual(['before-import', 'after-import']);
  });

  test('whose earlier worker died after the publish sends nothing again and tells what it published', async () => {
    const { target, importing, result } = await exported();
    await importing();
    target.provider.calls.length = 0;
    const again = await importing({ attempt: 2 });
    expect(target.provider.calls).toEqual(['importBegin', 'importPublish']);
    expect(again.result).toMatchObject({ rows: 3, bytes: 201_000, manifestSha256: result.manifest.sha256 });
    expect(again.work.map(({ kind }) => kind)).toEqual(['publish']);
  });

  test('that fails in the hook after it leaves the published session alone: recovery erases its rows', async () => {
    const { target, importing } = await exported();
    target.provider.fault = (call) => {
      if (call.startsWith('hook after-import')) throw problem('InternalFailure');
    };
    await expect(importing({ hooks: ['after-import'] })).rejects.toMatchObject({ name: 'InternalFailure' });
    expect(target.provider.calls).not.toContain('importAbort');
  });

  for (const step of ['importPart', 'importPublish']) {
    test(`that fails at ${step} aborts its session and tells the failure`, async () => {
      const { target, importing } = await exported();
      target.provider.fault = (call) => {
        if (call === step) throw problem('ImportSealed');
      };
      await expect(importing()).rejects.toMatchObject({ name: 'ImportSealed' });
      expect(target.provider.calls.at(-1)).toBe('importAbort');
    });
  }

  test('tells its own failure when the abort fails too', async () => {
    const { target, importing } = await exported();
    target.provider.fault = (call) => {
      if (call === 'importPublish') throw problem('StagingMismatch');
      if (call === 'importAbort') throw problem('ProviderUnreachable');
    };
    await expect(importing()).rejects.toMatchObject({ name: 'StagingMismatch' });
    expect(target.lines).toHaveLength(1);
  });

  test('publishes nothing when an object was changed after the export', async () => {
    const { source, target, importing } = await exported();
    source.exports.objects.set(`${PREFIX}part-00002`, randomBytes(200_000));
    await expect(importing()).rejects.toMatchObject({ name: 'ChecksumMismatch' });
    expect(target.provider.calls).not.toContain('importPublish');
  });

  test('fails when the provider published another number of rows', async () => {
    const { target, importing } = await exported();
    target.provider.published = 2;
    await expect(importing()).rejects.toMatchObject({ name: 'StagingMismatch' });
  });
});
