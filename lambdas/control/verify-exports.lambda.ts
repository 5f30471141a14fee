import { ActorEvent } from '@tanker/contract/index.ts';
import { verifyExports } from '../../core/control/verify-exports.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = controlPorts();

/** Every provider of the plan has a whole export on record. */
export const handler = controlHandler(ActorEvent, (event) => verifyExports(ports, event), {
  phase: 'verify-exports',
});
