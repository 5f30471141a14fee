import { ActorEvent } from '@tanker/contract/index.ts';
import { unlockTraffic } from '../../core/control/lock-traffic.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Ends the company's traffic lock. */
export const handler = controlHandler(ActorEvent, (event) => unlockTraffic(ports, event), {
  phase: 'unlock',
});
