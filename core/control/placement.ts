import {
  type AuthorityRecord,
  type Datacenter,
  formatLocation,
  type Location,
  sameLocation,
  TankerError,
  type Topology,
} from '@tanker/contract/index.ts';

const UNTOUCHED = 'Nothing was touched.';
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

/** The location that a target names; without a server, the datacenter's only one. */
export function resolveTarget(
  topology: Topology,
  to: { datacenter: string; server?: string | undefined },
): Location {
  const { name, servers } = findDatacenter(topology, to.datacenter);
  const server = to.server ?? (servers.length === 1 ? servers[0] : undefined);
  if (server !== undefined && servers.includes(server)) return { datacenter: name, server };
  throw new TankerError('ServerUnknown', {
    what: to.server
      ? `Datacenter "${name}" has no server "${to.server}".`
      : `Datacenter "${name}" has several servers.`,
    now: UNTOUCHED,
    next: `Name one of ${known(servers)}.`,
  });
}

/** Where the company lives. Throws CompanyNotHome when it lives nowhere. */
export function homeOf(record: AuthorityRecord): Location {
  if (record.home.state === 'home') return record.home.location;
  throw new TankerError('CompanyNotHome', {
    what: `Company "${record.company}" lives nowhere: its record says ${record.home.state}.`,
    now: UNTOUCHED,
    next: 'Only a company with a home can be moved.',
  });
}

/** Throws LocationSame or ResidencyForbidden unless the company may move from its home to the target. */
export function checkMove(topology: Topology, record: AuthorityRecord, from: Location, to: Location): void {
  if (sameLocation(from, to)) {
    throw new TankerError('LocationSame', {
      what: `Company "${record.company}" already lives at ${formatLocation(to)}.`,
      now: UNTOUCHED,
      next: 'Name another datacenter or server, if a move is wanted at all.',
    });
  }
  const source = findDatacenter(topology, from.datacenter).jurisdiction;
  const target = findDatacenter(topology, to.datacenter).jurisdiction;
  const byRule =
    source === target || topology.residency.some((rule) => rule.from === source && rule.to === target);
  const byRecord = record.jurisdictions === undefined || record.jurisdictions.includes(target);
  if (byRule && byRecord) return;
  throw new TankerError('ResidencyForbidden', {
    what: byRule
      ? `Company "${record.company}" may only be stored in ${known(record.jurisdictions ?? [])}, not in ${target}.`
      : `No residency rule allows a move from ${source} to ${target}.`,
    now: UNTOUCHED,
    next: byRule
      ? 'Change the jurisdictions on the authority record first, if the law and the customer allow it.'
      : 'Add the rule to the residency list of the topology, if the law allows it, and deploy.',
  });
}
