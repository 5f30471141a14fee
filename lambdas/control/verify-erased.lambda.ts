import { VerifyErasedEvent } from '@tanker/contract/index.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = controlPorts();

/** Nothing is left at the target, or a debt is on record. */
export const handler = controlHandler(
  VerifyErasedEvent,
  ({ erases, ...actor }) => verifyErased(ports, actor, erases),
  { phase: 'verify-erased' },
);
