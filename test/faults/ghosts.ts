import { keys, PROVIDER_BASE } from '@tanker/contract/index.ts';
import { providerSecret } from '../../demo/world/topology.ts';
import { readRows } from './tasks.ts';
import type { Finding, Scene } from './verdict.ts';

/**
 * A worker of the ended task knocks once more, under its epoch: each provider of the target refuses its import, except
 * one that was out of reach, of which the debt says that nobody may use it.
 */
export async function lateImports({ stage, task, row, owed }: Scene): Promise<Finding[]> {
  const { to, company } = task;
  if (!to || !row?.plan) return [];
  const subtasks = await readRows(stage, keys.subtasks(task.task));
  const epochs = subtasks.map(({ epoch }) => Number(epoch)).filter((epoch) => epoch > 0);
  if (epochs.length === 0) return [];
  const base = PROVIDER_BASE.replace('{datacenter}', to.datacenter).replace('{server}', to.server);
  const accepted: string[] = [];
  for (const { name, targetIncarnation, format } of row.plan.providers) {
    if (owed.some(({ provider }) => provider === name) || !targetIncarnation || !format) continue;
    const endpoint = stage.topology.providers.find((one) => one.name === name)?.endpoints[to.datacenter];
    const answer = await fetch(`${endpoint}${base}/companies/${company}/imports`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stage.world.secrets[providerSecret(name as Parameters<typeof providerSecret>[0])]}`,
        'content-type': 'application/json',
        'tanker-task': task.task,
        'tanker-epoch': String(Math.min(...epochs)),
        'tanker-holder': `${task.task}/${task.task}`,
        'tanker-incarnation': targetIncarnation,
      },
      body: JSON.stringify({ format, parts: [], collections: [] }),
    });
    if (answer.ok) accepted.push(name);
  }
  return accepted.length > 0 ? [`P4: a late worker's import is accepted by ${accepted.join(', ')}`] : [];
}
