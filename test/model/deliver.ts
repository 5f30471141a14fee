import { atProvider, type Delivered, type Manner } from './agents.ts';
import * as authority from './authority.ts';
import * as claims from './claims.ts';
import type { Course } from './operations.ts';
import * as records from './records.ts';
import type { Authority, Message, Refusal, World } from './state.ts';

function atAuthority(world: World, message: Message, { rules }: Course): Authority | Refusal {
  const { call, task, epoch, by: holder, grant, from, to, version } = message;
  const claimant = { task, epoch, holder };
  switch (call) {
    case 'claim':
      return authority.claim(world.authority, claimant, rules);
    case 'lock':
      return authority.lock(world.authority, claimant, rules);
    case 'unlock':
      return authority.unlock(world.authority, claimant, rules);
    default:
      return authority.commit(world.authority, claimant, { grant, from, to, version }, rules);
  }
}

/** A call arrives: at the authority, at the table, or at an agent and its provider. */
export function deliver(world: World, message: Message, course: Course, manner: Manner): Delivered {
  switch (message.call) {
    case 'claim':
    case 'lock':
    case 'commit':
    case 'unlock': {
      const result = atAuthority(world, message, course);
      return typeof result === 'string'
        ? { world, refusal: result }
        : { world: { ...world, authority: result } };
    }
    case 'take':
      return claims.take(course, world, message);
    case 'retake':
      return claims.retake(course, world, message);
    case 'release':
      return claims.release(world, message);
    case 'close':
      return records.close(course, world, message);
    case 'fence-fallback':
      return records.fenceFallback(world, message);
    case 'give-up':
      return records.giveUp(course, world, message);
    default:
      return message.at === '' ? { world } : atProvider(world, message, message.at, course, manner);
  }
}
