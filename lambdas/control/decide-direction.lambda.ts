import { ActorEvent } from '@tanker/contract/index.ts';
import { decideDirection } from '../../core/control/decide-direction.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Forward if the commit was made by this task, else back. */
export const handler = controlHandler(ActorEvent, (event) => decideDirection(ports, event), {
  phase: 'decide',
});
