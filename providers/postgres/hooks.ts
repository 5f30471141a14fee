import type { HookName } from '@tanker/contract/index.ts';
import type { FencedCall } from '@tanker/sdk/index.ts';
import { unknownHook } from '../refusals.ts';
import { fenced } from './fence.ts';
import type { Site } from './site.ts';
import { BEGIN_HOOK } from './transaction.ts';

/** Runs a hook in the transaction that records its key, so that it has run exactly when the key is there. */
export function runHook(
  site: Site,
  call: FencedCall,
  asked: { readonly name: HookName; readonly key: string; readonly version: number },
): Promise<boolean> {
  const hook = site.config.hooks?.[asked.name];
  if (hook === undefined) throw unknownHook(site, asked.name);
  return fenced(site, call, { kind: 'other', begin: BEGIN_HOOK }, async (client, _row, signal) => {
    const { rowCount } = await client.query(
      `INSERT INTO ${site.schema}.hook_keys (company, key, hook) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
      [call.company, asked.key, asked.name],
    );
    if (rowCount !== 1) return false;
    if (typeof hook === 'string') await client.query(hook, [call.company]);
    else
      await hook({ client, company: call.company, location: call.location, version: asked.version, signal });
    return true;
  });
}
