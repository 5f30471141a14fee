import { ActorEvent } from '@tanker/contract/index.ts';
import { lockTraffic } from '../../core/control/lock-traffic.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Locks the company's traffic and starts the lock budget. */
export const handler = controlHandler(ActorEvent, (event) => lockTraffic(ports, event), { phase: 'lock' });
