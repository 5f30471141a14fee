import { CloseTaskEvent } from '@tanker/contract/index.ts';
import { closeTask } from '../../core/control/close-task.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = controlPorts();

/** Closes the task's record and, as the last write, releases the company. */
export const handler = controlHandler(CloseTaskEvent, ({ outcome, reason, reported, ...actor }) =>
  closeTask(ports, actor, { outcome, reason, reported }),
);
