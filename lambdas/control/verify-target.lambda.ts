import { ActorEvent } from '@tanker/contract/index.ts';
import { verifyTarget } from '../../core/control/verify-target.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = controlPorts();

/** Rows and digests of the target equal the source's, and the source did not change since its export. */
export const handler = controlHandler(ActorEvent, (event) => verifyTarget(ports, event), { phase: 'verify' });
