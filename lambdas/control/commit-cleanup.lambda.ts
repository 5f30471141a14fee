import { ActorEvent } from '@tanker/contract/index.ts';
import { commitCleanup } from '../../core/control/commit-cleanup.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** The commit point of a cleanup: the fallback copy is given up. */
export const handler = controlHandler(ActorEvent, (event) => commitCleanup(ports, event), {
  phase: 'commit',
});
