import { DispatchEvent } from '@tanker/contract/index.ts';
import { dispatch } from '../../core/control/dispatch.ts';
import { lambdaClient } from '../runtime/clients/lambda.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { LambdaFunctions } from '../runtime/lambda-functions.ts';
import { controlHandler } from '../runtime/middleware.ts';

const control = controlPorts();
const ports = { ...control, functions: new LambdaFunctions(control.topology, lambdaClient) };

/** Writes a subtask and hands it to the agent next to the data. The worker settles the token, not this function. */
export const handler = controlHandler(DispatchEvent, (event) => dispatch(ports, event));
