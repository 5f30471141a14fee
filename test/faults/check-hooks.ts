import { DONE, formatLocation, type HookName, keys, sameLocation } from '@tanker/contract/index.ts';
import type { Client } from 'pg';
import { HOOKED } from '../../demo/world/schema.ts';
import { LOCATIONS, type WorldLocation } from '../../demo/world/topology.ts';
import { actorsOf, type Cell } from './cells.ts';
import type { Case } from './company.ts';
import { locationOf, victimOf } from './harm.ts';
import { readRows } from './tasks.ts';
import type { Finding, Scene } from './verdict.ts';

/** What the process beside the service with hooks was told of a company at one location, and whether it halts there. */
export interface Fetcher {
  /** Hooks in their order, each as often as it had an effect. */
  readonly orders: readonly string[];
  /** The placement version under which it halts. */
  readonly halted: number | undefined;
}

export async function readFetcher(client: Client, company: string): Promise<Fetcher> {
  const orders = await client.query<{ hook: string }>(
    'SELECT hook FROM fetcher.orders WHERE company = $1 ORDER BY id',
    [company],
  );
  const halts = await client.query<{ version: string }>(
    'SELECT version FROM fetcher.halts WHERE company = $1',
    [company],
  );
  const version = halts.rows[0]?.version;
  return {
    orders: orders.rows.map(({ hook }) => hook),
    halted: version === undefined ? undefined : Number(version),
  };
}

/**
 * Where the fault keeps a hook after the commit, or after an undo, from being run: the service is out of reach, or the
 * agent fails at it for good. It has to be on record instead.
 */
export function withoutHooks(cell: Cell, task: Case): WorldLocation | undefined {
  const { agent, main } = actorsOf(cell) ?? {};
  if (!agent || victimOf(cell) !== HOOKED) return undefined;
  const isDown = cell.way === 'provider-down';
  const isFailing = cell.way === 'fails' && cell.when === 'before' && main === agent && agent.name === 'hook';
  return isDown || isFailing ? (locationOf(task, agent.side) as WorldLocation) : undefined;
}

/** How often a hook may have run at a location, by what became of the task. */
type Wanted = Readonly<Partial<Record<HookName, 'once' | 'perhaps'>>>;

const HALTING: readonly string[] = ['before-export', 'after-import'];
const LAST = { migrate: 'after-migrate', restore: 'after-restore', remove: 'after-remove' } as const;

function wantedAt({ task, expected }: Scene, at: WorldLocation): Wanted {
  const { operation, from, to } = task;
  // A backup and a cleanup change nothing where the company lives.
  if (expected === 'refused' || operation === 'cleanup') return {};
  const isFrom = from !== undefined && sameLocation(at, from);
  const isTo = to !== undefined && sameLocation(at, to);
  if (!isFrom && !isTo) return {};
  if (operation === 'backup') return expected === 'undone' ? { 'after-undo': 'perhaps' } : {};
  const within = isFrom ? 'before-export' : 'after-import';
  if (expected !== DONE[operation]) return { [within]: 'perhaps', 'after-undo': 'once' };
  const isLast = isFrom === (operation === 'remove');
  return { [within]: 'once', ...(isLast ? { [LAST[operation]]: 'once' } : {}) };
}

/** Only the source of a move that is done goes on to halt: its copy is closed. */
const mayHalt = ({ task, expected }: Scene, at: WorldLocation): boolean =>
  task.operation === 'migrate' &&
  expected === DONE.migrate &&
  task.from !== undefined &&
  sameLocation(at, task.from);

async function isReported({ stage, task }: Scene, at: WorldLocation): Promise<boolean> {
  const log = await readRows(stage, keys.logs(task.task));
  const begin = `reported: ${HOOKED} at ${formatLocation(at)} failed`;
  return log.some(({ what }) => String(what).startsWith(begin));
}

async function checkAt(scene: Scene, at: WorldLocation, now: Fetcher): Promise<Finding[]> {
  const where = formatLocation(at);
  const before = scene.fetchersBefore.get(where);
  const told = now.orders.slice(before?.orders.length ?? 0);
  const wanted = wantedAt(scene, at);
  const isMissing = (hook: string) => wanted[hook as HookName] === 'once' && !told.includes(hook);
  const missing = Object.keys(wanted).filter(isMissing);
  const strange = told.filter((hook, index) => !(hook in wanted) || told.indexOf(hook) !== index);
  const isOut = scene.withoutHooks !== undefined && sameLocation(scene.withoutHooks, at);
  const isExcused = missing.length > 0 && isOut && (await isReported(scene, at));
  // An earlier task of the same version may have left its own, as its record tells.
  const isOlder = before?.halted === now.halted && !told.some((hook) => HALTING.includes(hook));
  const halts = now.halted === scene.authorityBefore.version && !isOlder;
  return [
    ...(strange.length > 0 ? [`P4: hooks ran twice or out of place at ${where}: [${told.join(', ')}]`] : []),
    ...(missing.length > 0 && !isExcused
      ? [`P11: ${missing.join(', ')} did not run at ${where}${isOut ? ' and is not on record' : ''}`]
      : []),
    ...(halts && !mayHalt(scene, at) && !isExcused
      ? [`P3: what the hooks of the task have halted at ${where} is halted still`]
      : []),
  ];
}

/** Each hook of the task ran once, an undone task's effects are taken back, and what could not be run is on record. */
export async function checkHooks(scene: Scene): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const at of LOCATIONS) {
    findings.push(...(await checkAt(scene, at, await scene.observer.fetcherAt(at, scene.now.id))));
  }
  return findings;
}
