import type { WorldLocation } from '../world/topology.ts';
import { locationOf } from '../world/world.ts';
import type { DemoOptions } from './options.ts';

/** From where to where the company of the story moves, and why. */
export interface Course {
  readonly from: WorldLocation;
  readonly to: WorldLocation;
  readonly reason: string;
}

export const courseOf = ({ sameDatacenter }: Pick<DemoOptions, 'sameDatacenter'>): Course =>
  sameDatacenter
    ? { from: locationOf('us', 'db1'), to: locationOf('us', 'db2'), reason: 'the server db1 is full' }
    : { from: locationOf('us'), to: locationOf('eu'), reason: 'the company moved its seat to the EU' };
