import { CommitPlacementEvent } from '@tanker/contract/index.ts';
import { commitPlacement } from '../../core/control/commit-placement.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** The commit point. */
export const handler = controlHandler(
  CommitPlacementEvent,
  ({ grant, ...actor }) => commitPlacement(ports, actor, grant),
  { phase: 'commit' },
);
