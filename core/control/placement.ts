import {
  type AuthorityRecord,
  type Datacenter,
  formatLocation,
  type Home,
  type Location,
  type Place,
  sameLocation,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';
import { UNTOUCHED } from './refusal.ts';

const known = (names: readonly string[]): string => names.join(', ');

/** The datacenter of that name. Throws DatacenterUnknown. */
export function findDatacenter(topology: Topology, name: string): Datacenter {
  const datacenter = topology.datacenters.find((candidate) => candidate.name === name);
  if (datacenter) return datacenter;
  throw new TankerError('DatacenterUnknown', {
    what: `There is no datacenter "${name}".`,
    now: UNTOUCHED,
    next: `Name one of ${known(topology.datacenters.map((d) => d.name))}, or add it to the topology and deploy.`,
  });
}

/** The location that a person names; without a server, the datacenter's only one. */
export function resolvePlace(topology: Topology, place: Place): Location {
  const { name, servers } = findDatacenter(topology, place.datacenter);
  const server = place.server ?? (servers.length === 1 ? servers[0] : undefined);
  if (server !== undefined && servers.includes(server)) return { datacenter: name, server };
  throw new TankerError('ServerUnknown', {
    what: place.server
      ? `Datacenter "${name}" has no server "${place.server}".`
      : `Datacenter "${name}" has several servers, and none was named.`,
    now: UNTOUCHED,
    next: `Name one of ${known(servers)}.`,
  });
}

/** Every location of the topology. */
export const locationsOf = (topology: Topology): Location[] =>
  topology.datacenters.flatMap(({ name, servers }) =>
    servers.map((server) => ({ datacenter: name, server })),
  );

export const formatHome = (home: Home): string =>
  home.state === 'home' ? formatLocation(home.location) : home.state;

/** Where the company lives. Throws CompanyNotHome when it was removed, CompanyErased when for good. */
export function homeOf(record: AuthorityRecord): Location {
  if (record.home.state === 'home') return record.home.location;
  if (record.home.state === 'erased') throw companyErased(record.company);
  throw new TankerError('CompanyNotHome', {
    what: `Company "${record.company}" lives nowhere: it was removed${record.versionTask ? ` by task "${record.versionTask}"` : ''}.`,
    now: UNTOUCHED,
    next: 'Restore it from a backup first, as long as one may be restored. A final removal (`tanker remove --final`) ends its backups too.',
  });
}

export const companyErased = (company: string): TankerError =>
  new TankerError('CompanyErased', {
    what: `Company "${company}" was erased for good.`,
    now: `${UNTOUCHED} No backup of it can be restored.`,
    next: 'Nothing brings it back; a new company signs up under a new id.',
  });

/** Throws LocationSame or ResidencyForbidden unless the company may move from its home to the target. */
export function checkMove(topology: Topology, record: AuthorityRecord, from: Location, to: Location): void {
  if (sameLocation(from, to)) {
    throw new TankerError('LocationSame', {
      what: `Company "${record.company}" already lives at ${formatLocation(to)}.`,
      now: UNTOUCHED,
      next: 'Name another datacenter or server, if a move is wanted at all.',
    });
  }
  checkResidency(topology, record, from, to);
}

/** Throws ResidencyForbidden unless data of the company that lies at one datacenter may come to the other. */
export function checkResidency(
  topology: Topology,
  record: AuthorityRecord,
  from: Location,
  to: Location,
): void {
  const source = findDatacenter(topology, from.datacenter).jurisdiction;
  const target = findDatacenter(topology, to.datacenter).jurisdiction;
  const byRule =
    source === target || topology.residency.some((rule) => rule.from === source && rule.to === target);
  const byRecord = record.jurisdictions === undefined || record.jurisdictions.includes(target);
  if (byRule && byRecord) return;
  throw new TankerError('ResidencyForbidden', {
    what: byRule
      ? `Company "${record.company}" may only be stored in ${known(record.jurisdictions ?? [])}, not in ${target}.`
      : `No residency rule allows data from ${source} in ${target}.`,
    now: UNTOUCHED,
    next: byRule
      ? 'Change the jurisdictions on the authority record first, if the law and the customer allow it.'
      : 'Add the rule to the residency list of the topology, if the law allows it, and deploy.',
  });
}
