import { EndedExecutionEvent, machineArn, type RecoverInput } from '@tanker/contract/index.ts';
import { endedExecution, startRecovery } from '../../core/control/start-recovery.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { StepFunctionsExecutions } from '../runtime/step-functions-executions.ts';
import { StepFunctionsStarts } from '../runtime/step-functions-starts.ts';

const control = controlPorts();
const { topology } = control;
const client = statesClient(topology.controlRegion);
const ports = {
  ...control,
  executions: new StepFunctionsExecutions(client, topology),
  recoveries: new StepFunctionsStarts<RecoverInput>(client, machineArn(topology, 'recover')),
};

/** Called by the rule on executions that failed, timed out or were aborted: starts a recovery if the task is open. */
export const handler = controlHandler(EndedExecutionEvent, async (event) => {
  const ended = endedExecution(topology, event);
  return ended ? startRecovery(ports, ended) : 'nothing';
});
