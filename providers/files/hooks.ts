import type { HookName } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import { unknownHook } from '../refusals.ts';
import { fenced } from './fence.ts';
import type { Site } from './site.ts';

interface Asked {
  readonly name: HookName;
  readonly key: string;
  readonly version: number;
}

/**
 * Runs a hook, then records its key: a hook that was interrupted in between, by a crash or a newer epoch, runs again.
 * Calls of one key are worked off one after the other, so that the second finds what the first has recorded; one process
 * serves a location.
 */
export async function runHook(site: Site, call: FencedCall, asked: Asked): Promise<boolean> {
  const turn = `${call.company} ${asked.key}`;
  const before = site.hooks.get(turn) ?? Promise.resolve(false);
  const running = before.catch(() => false).then(() => runOnce(site, call, asked));
  site.hooks.set(turn, running);
  try {
    return await running;
  } finally {
    if (site.hooks.get(turn) === running) site.hooks.delete(turn);
  }
}

async function runOnce(site: Site, call: FencedCall, { name, key, version }: Asked): Promise<boolean> {
  const hook = site.config.hooks?.[name];
  if (hook === undefined) throw unknownHook(site, name);
  const { metadata } = site;
  const { company, location, fence } = call;
  const ran = await fenced(
    site,
    call,
    () =>
      metadata.count('SELECT count(*) AS n FROM hook_keys WHERE company = ? AND key = ?', company, key) > 0,
  );
  if (ran) return false;
  // As an open call: a newer epoch ends it, and answers when it has ended.
  const open = site.calls.open({ company, epoch: fence.epoch, kind: 'other' }, call.signal);
  try {
    await hook({ company, location, version, signal: open.signal });
  } catch (error) {
    throw open.signal.aborted ? open.signal.reason : error;
  } finally {
    open.close();
  }
  await fenced(site, call, () =>
    metadata.run(
      'INSERT INTO hook_keys (company, key, hook, ran_at) VALUES (?, ?, ?, ?)',
      ...[company, key, name, site.now()],
    ),
  );
  return true;
}
