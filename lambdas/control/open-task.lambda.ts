import { OpenTaskEvent } from '@tanker/contract/index.ts';
import { openTask } from '../../core/control/open-task.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Writes the task's record and resolves what plan has to ask; a refusal is a value and on the record. */
export const handler = controlHandler(OpenTaskEvent, (event) => openTask(ports, event), { phase: 'plan' });
