import {
  EndedExecutionEvent,
  machineArn,
  OPERATIONS,
  type Operation,
  RecoverInput,
} from '@tanker/contract/index.ts';
import { startRecovery } from '../../core/control/start-recovery.ts';
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

/** An operation's execution is named by its task; a recovery names its task in its input. */
function taskOf(machine: Operation, detail: { name: string; input: string }): string | undefined {
  if (machine !== 'recover') return detail.name;
  const input = RecoverInput.safeParse(JSON.parse(detail.input));
  return input.success ? input.data.task : undefined;
}

/**
 * Called by the rule on executions that failed, timed out or were aborted: starts a recovery if the task is open. The end
 * of a nested execution is its parent's to handle.
 */
export const handler = controlHandler(EndedExecutionEvent, async ({ id, detail }) => {
  const machine = OPERATIONS.find((operation) => machineArn(topology, operation) === detail.stateMachineArn);
  const task = machine && taskOf(machine, detail);
  if (machine === undefined || task === undefined) return 'nothing';
  const { name, status, error, cause } = detail;
  return startRecovery(ports, { machine, task, name, status, error, cause, eventId: id });
});
