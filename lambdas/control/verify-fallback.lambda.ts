import { ActorEvent } from '@tanker/contract/index.ts';
import { verifyFallback } from '../../core/control/verify-fallback.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = controlPorts();

/** The fallback copy is what its move left behind, and nothing is pending there. */
export const handler = controlHandler(ActorEvent, (event) => verifyFallback(ports, event), {
  phase: 'verify',
});
