import { ActorEvent } from '@tanker/contract/index.ts';
import { prepareWorkers } from '../../core/control/prepare-workers.ts';
import { lambdaClient } from '../runtime/clients/lambda.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { LambdaFunctions } from '../runtime/lambda-functions.ts';
import { controlHandler } from '../runtime/middleware.ts';

const control = controlPorts();
const ports = { ...control, functions: new LambdaFunctions(control.topology, lambdaClient) };

/** Starts the execution environments that the lock window will need. */
export const handler = controlHandler(ActorEvent, (event) => prepareWorkers(ports, event), {
  phase: 'prepare',
});
