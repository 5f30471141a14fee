import { held } from './authority.ts';
import type { Rules } from './rules.ts';
import type { Bounds } from './scenario.ts';
import {
  FIRST_WRITE,
  isSite,
  NO_ROWS,
  type Place,
  PROVIDERS,
  type ProviderIndex,
  placeOf,
  type Rows,
  SITES,
  type Site,
  TASKS,
  type Task,
  type World,
} from './state.ts';
import { type Step, spend } from './step.ts';
import { withProvider } from './world.ts';

/** The bit of the next write or message. */
const nextBit = ({ acknowledged }: World): Rows => 1 << (FIRST_WRITE + acknowledged.writes);

function acknowledge(world: World, provider: ProviderIndex, rows: Rows): World {
  const { acknowledged } = world;
  const [p0, p1] = acknowledged.rows;
  const told = provider === 0 ? ([rows, p1] as const) : ([p0, rows] as const);
  return { ...world, acknowledged: { ...acknowledged, rows: told, writes: acknowledged.writes + 1 } };
}

/** A write that home accepts is acknowledged; one that another place accepts has gone astray. */
function write(world: World, site: Site, index: ProviderIndex): World {
  const bit = nextBit(world);
  const place = placeOf(site, index);
  const provider = world.providers[place];
  const written = withProvider(world, place, { ...provider, rows: provider.rows | bit });
  const { acknowledged } = world;
  if (world.authority.home === site) return acknowledge(written, index, acknowledged.rows[index] | bit);
  return {
    ...written,
    acknowledged: { ...acknowledged, astray: acknowledged.astray | bit, writes: acknowledged.writes + 1 },
  };
}

const deleteAll = (world: World, place: Place, index: ProviderIndex): World =>
  acknowledge(withProvider(world, place, { ...world.providers[place], rows: NO_ROWS }), index, NO_ROWS);

/** A message is late once the last look at its location has been taken, or the company has gone. */
function post(world: World, site: Site): World {
  const bit = nextBit(world);
  const { acknowledged, queues } = world;
  const queue = { pending: queues[site].pending | bit, produced: queues[site].produced | bit };
  const queued = { ...world, queues: { ...queues, [site]: queue } };
  const looked = TASKS.some((task) => world.records[task].state === 'open' && world.records[task].verified);
  if (!looked && world.authority.home === site) return acknowledge(queued, 0, acknowledged.rows[0] | bit);
  return {
    ...queued,
    acknowledged: { ...acknowledged, late: acknowledged.late | bit, writes: acknowledged.writes + 1 },
  };
}

/** The consumer writes what its messages say into p0, if that is not closed. */
function consume(world: World, site: Site): readonly Step[] {
  const place = placeOf(site, 0);
  const provider = world.providers[place];
  const { pending, produced } = world.queues[site];
  if (pending === NO_ROWS || provider.closing !== 0) return [];
  const queues = { ...world.queues, [site]: { pending: NO_ROWS, produced } };
  const next = withProvider({ ...world, queues }, place, { ...provider, rows: provider.rows | pending });
  return [[`the consumer at ${site} works its messages off`, next]];
}

/**
 * Where stale routes, jobs and messages may still go: the sources of moves, until a cleanup has looked at one for the
 * last time. What comes between that look and the erase nobody would see.
 */
function formerHomes({ authority: { home, commits }, fallback, records }: World): readonly Site[] {
  const committed = (task: Task): boolean => commits.some((commit) => commit.task === task);
  const moved = TASKS.filter(committed).map((task) => records[task].plan?.from);
  const looked = TASKS.some(
    (task) => records[task].state === 'open' && records[task].verified && !committed(task),
  );
  const given = looked || fallback?.state === 'given-up' ? fallback?.site : undefined;
  return SITES.filter(
    (site) => site !== home && site !== given && (moved.includes(site) || fallback?.site === site),
  );
}

function atHome(world: World, home: Site, rules: Rules, bounds: Bounds): readonly Step[] {
  const { left } = world;
  const locked = held(world.authority);
  const steps: Step[] = [];
  if (left.messages > 0) steps.push([`a message comes to ${home}`, spend(post(world, home), 'messages')]);
  for (const index of bounds.writesAt ?? PROVIDERS) {
    const place = placeOf(home, index);
    if (world.providers[place].closing !== 0) continue;
    const written = () => write(world, home, index);
    if (left.writes > 0 && !locked) steps.push([`a customer writes at ${place}`, spend(written(), 'writes')]);
    if (left.jobs > 0) steps.push([`another company's job writes at ${place}`, spend(written(), 'jobs')]);
    if (left.fastClocks > 0 && locked && !rules['8 a lease ends by a write']) {
      const what = `a replica whose clock says that the lease is over lets a customer write at ${place}`;
      steps.push([what, spend(written(), 'fastClocks')]);
    }
    if (left.deletes > 0 && !locked && world.providers[place].rows !== NO_ROWS) {
      const deleted = spend(deleteAll(world, place, index), 'deletes');
      steps.push([`a customer deletes everything at ${place}`, deleted]);
    }
  }
  return steps;
}

function atFormerHome(world: World, site: Site, bounds: Bounds): readonly Step[] {
  const { left } = world;
  const steps: Step[] = [];
  if (left.messages > 0)
    steps.push([`a message comes late, to ${site}`, spend(post(world, site), 'messages')]);
  if (left.jobs === 0) return steps;
  for (const index of bounds.writesAt ?? PROVIDERS) {
    const place = placeOf(site, index);
    if (world.providers[place].closing !== 0) continue;
    steps.push([`a job with a stale route writes at ${place}`, spend(write(world, site, index), 'jobs')]);
  }
  return steps;
}

/** Everybody who changes the company's rows: customers through the gateway, other companies' jobs and messages past it. */
export function customerSteps(world: World, rules: Rules, bounds: Bounds): readonly Step[] {
  const { home } = world.authority;
  return [
    ...(isSite(home) ? atHome(world, home, rules, bounds) : []),
    ...formerHomes(world).flatMap((site) => atFormerHome(world, site, bounds)),
    ...SITES.flatMap((site) => consume(world, site)),
  ];
}
