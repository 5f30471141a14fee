import { ActorEvent } from '@tanker/contract/index.ts';
import { verifySource } from '../../core/control/verify-source.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = controlPorts();

/** Home did not change since its exports: they are one moment of the company. */
export const handler = controlHandler(ActorEvent, (event) => verifySource(ports, event));
