import { held } from './authority.ts';
import type { Done } from './claims.ts';
import type { Course } from './operations.ts';
import * as provider from './provider.ts';
import { recordExport } from './records.ts';
import {
  type Authority,
  type Message,
  NO_ROWS,
  type Place,
  type Provider,
  placeOf,
  providerOf,
  type Refusal,
  SITES,
  type Site,
  siteOf,
  type World,
} from './state.ts';
import { authorityRead, withProvider } from './world.ts';

/** What a call did when it arrived. `onward`: its next step is under way, and nobody has been answered yet. */
export interface Delivered extends Done {
  readonly onward?: Message;
}

/** How agents and providers behave in this scenario. */
export interface Manner {
  readonly slowAgents: boolean;
  readonly importsInParts: boolean;
  /** This import stores one value as something else. */
  readonly garbles: boolean;
}

/** The world after the provider's answer. */
const applied = (world: World, place: Place, result: Provider | Refusal): Delivered =>
  typeof result === 'string' ? { world, refusal: result } : { world: withProvider(world, place, result) };

const isHome = (record: Authority, place: Place): boolean => record.home === siteOf(place);

function readAsHighest(world: World, { epoch, by }: Message): Refusal | undefined {
  const record = authorityRead(world);
  return record.epoch === epoch && record.holder === by ? undefined : 'EpochStale';
}

/** The provider closes and its snapshot is taken; the object counts once for its attempt. */
function exportCompany(world: World, message: Message, place: Place, course: Course): Delivered {
  const begun = applied(world, place, provider.exportBegin(world.providers[place], message, course.rules));
  if (begun.refusal) return begun;
  const { rows } = begun.world.providers[place];
  return recordExport(course, begun.world, message, providerOf(place), rows);
}

/** Begin, parts and publish at once. Without rule 4's one transaction the rows become visible some time after the check. */
function importWhole(
  world: World,
  message: Message,
  place: Place,
  { rules }: Course,
  rows: number,
): Delivered {
  const at = world.providers[place];
  if (message.stage === 'checked') return applied(world, place, provider.insert(at, message.rows, rules));
  const begun = provider.importBegin(at, message, rules);
  if (typeof begun === 'string') return { world, refusal: begun };
  if (rules['4 checks in the transaction of the effect']) {
    return applied(world, place, provider.insert(begun, rows, rules));
  }
  return { world: withProvider(world, place, begun), onward: { ...message, rows, stage: 'checked' } };
}

/** Begin, each of two parts, and publish, one by one. */
function importStep(world: World, message: Message, place: Place, { rules }: Course): Delivered {
  const at = world.providers[place];
  const then = (result: Provider | Refusal, stage: Message['stage'], session = message.session): Delivered =>
    typeof result === 'string'
      ? { world, refusal: result }
      : { world: withProvider(world, place, result), onward: { ...message, stage, session } };
  switch (message.stage) {
    case 'begun':
      return then(provider.importPart(at, message, message.rows & 1, rules), 'half staged');
    case 'half staged':
      return then(provider.importPart(at, message, message.rows & ~1, rules), 'staged');
    case 'staged':
      return applied(world, place, provider.publish(at, message, rules));
    default:
      return then(provider.importBegin(at, message, rules), 'begun', at.sessions + 1);
  }
}

/** The incarnation is read first, then the authority: a provider restored in between is another one and refuses. */
function beforeErase(
  world: World,
  message: Message,
  place: Place,
  { rules, operationOf }: Course,
): Delivered {
  const { incarnation } = world.providers[place];
  const onward: Message = { ...message, incarnation, stage: 'authority read' };
  if (!rules['22 reads the authority before an erase']) return { world, onward };
  const refusal = readAsHighest(world, message);
  if (refusal) return { world, refusal };
  // Without a commit before it, an erase of a removal could never be told from one of a home by mistake.
  const ofHome = operationOf[message.task] === 'remove' && !rules['15 a removal commits before it erases'];
  return isHome(authorityRead(world), place) && !ofHome
    ? { world, refusal: 'HomeProtected' }
    : { world, onward };
}

/** Erases at the place; without its name in the call, at both servers of what is one datacenter then. */
function erase(world: World, message: Message, place: Place, { rules }: Course): Delivered {
  const both = SITES.map((site) => placeOf(site, providerOf(place)));
  let next = world;
  for (const at of rules['22 an erase names its location'] ? [place] : both) {
    const erased = applied(next, at, provider.erase(next.providers[at], message, rules));
    if (erased.refusal) return { world, refusal: erased.refusal };
    next = providerOf(at) === 0 ? withoutMessages(erased.world, siteOf(at)) : erased.world;
  }
  return { world: next };
}

const withoutMessages = (world: World, site: Site): World => ({
  ...world,
  queues: { ...world.queues, [site]: { ...world.queues[site], pending: NO_ROWS } },
});

/** Opens only where the authority says that home is; elsewhere the provider stays closed. */
function beforeOpen(world: World, message: Message, place: Place): Delivered {
  const refusal = readAsHighest(world, message);
  if (refusal) return { world, refusal };
  return isHome(authorityRead(world), place)
    ? { world, onward: { ...message, stage: 'authority read' } }
    : { world };
}

/** A look at the authority and then the call that it allows, at once or with time between them. */
function withLook(
  message: Message,
  { slowAgents }: Manner,
  look: () => Delivered,
  call: (read: Message) => Delivered,
): Delivered {
  if (message.stage === 'authority read') return call(message);
  const looked = look();
  return looked.onward && !slowAgents ? call(looked.onward) : looked;
}

/** Who a worker says it is: what it was started with; without rule 3 what the table says when its call arrives. */
function asWorker({ row }: World, message: Message, { rules }: Course): Message {
  if (rules['3 a worker keeps its epoch'] || row.holder === '') return message;
  return { ...message, epoch: row.epoch, by: row.holder };
}

/** A worker's call arrives at a provider. */
export function atProvider(
  world: World,
  sent: Message,
  place: Place,
  course: Course,
  manner: Manner,
): Delivered {
  const message = asWorker(world, sent, course);
  const at = world.providers[place];
  switch (message.call) {
    case 'export':
      return exportCompany(world, message, place, course);
    case 'import': {
      if (manner.importsInParts) return importStep(world, message, place, course);
      const rows = manner.garbles ? provider.garbled(message.rows) : message.rows;
      return importWhole(world, message, place, course, rows);
    }
    case 'erase': {
      const look = () => beforeErase(world, message, place, course);
      return withLook(message, manner, look, (read) => erase(world, read, place, course));
    }
    case 'open': {
      const call = (read: Message) => applied(world, place, provider.open(at, read, course.rules));
      return withLook(message, manner, () => beforeOpen(world, message, place), call);
    }
    case 'open-expired':
      return applied(world, place, openedExpired(at, message));
    case 'seal':
      return applied(world, place, provider.seal(at, message, course.rules));
    default:
      return applied(world, place, provider.enterFence(at, message, course.rules));
  }
}

/** Whether a region may open the place: its closing's grant is dead, and home is still here. */
export function verdictOn(
  record: Authority,
  place: Place,
  closing: number,
  { rules }: Course,
): 'open' | 'moved' | 'wait' {
  if (record.grant === null || record.grant.number < closing) return 'wait';
  if (!isHome(record, place) && rules['9 a source that was left stays closed']) return 'moved';
  return held(record) ? 'wait' : 'open';
}

/** Ends that closing or nothing, in the name of the highest epoch that the provider itself has seen. */
function openedExpired(at: Provider, { epoch, incarnation, grant }: Message): Provider | Refusal {
  if (incarnation !== at.incarnation) return 'IncarnationChanged';
  if (epoch < at.epoch) return 'EpochStale';
  return at.closing === grant ? { ...at, closing: 0 } : at;
}
