import { verdictOn } from './agents.ts';
import { endLease, held } from './authority.ts';
import { openExpiredMessage } from './messages.ts';
import type { Course } from './operations.ts';
import type { Bounds } from './scenario.ts';
import { PLACES, type Place, siteOf, type World } from './state.ts';
import { type Step, spend } from './step.ts';
import { withProvider } from './world.ts';

/** The lease ends by a write. */
const leaseEnd = (world: World): readonly Step[] =>
  held(world.authority) && world.left.leaseEnds > 0
    ? [
        [
          'the lease ends: the authority writes it down',
          spend({ ...world, authority: endLease(world.authority) }, 'leaseEnds'),
        ],
      ]
    : [];

/** A region's schedule opens a closed place: at once, or by a call that may arrive late. */
function opening(course: Course, world: World, place: Place, slow: boolean): readonly Step[] {
  const at = world.providers[place];
  if (at.closing === 0 || verdictOn(world.authority, place, at.closing, course) !== 'open') return [];
  const what = `the region of ${siteOf(place)}: ${place} is closed under a dead grant`;
  if (!slow) return [[`${what}, opens it`, withProvider(world, place, { ...at, closing: 0 })]];
  const call = openExpiredMessage(world, place);
  const sent = world.network.some((message) => message.call === 'open-expired' && message.at === place);
  return call && !sent ? [[what, { ...world, network: [...world.network, call] }]] : [];
}

/** Without rule 8: the region's clock says that the lease is over. */
function openingByClock(world: World, place: Place): readonly Step[] {
  const at = world.providers[place];
  if (at.closing === 0 || world.left.fastClocks === 0 || !held(world.authority)) return [];
  const opened = withProvider(world, place, { ...at, closing: 0 });
  const what = `the region of ${siteOf(place)} opens ${place}: its clock says that the lease is over`;
  return [[what, spend(opened, 'fastClocks')]];
}

export function leaseSteps(course: Course, world: World, { slowAgents }: Bounds): readonly Step[] {
  const { rules } = course;
  if (!rules['9 a region opens by itself']) return leaseEnd(world);
  return [
    ...leaseEnd(world),
    ...PLACES.flatMap((place) => opening(course, world, place, slowAgents === true)),
    ...(rules['8 a lease ends by a write'] ? [] : PLACES.flatMap((place) => openingByClock(world, place))),
  ];
}
