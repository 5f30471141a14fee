import { EndedExecutionEvent, machineArn, type Operation, RecoverInput } from '@tanker/contract/index.ts';
import { startRecovery } from '../../core/control/start-recovery.ts';
import { statesClient } from '../runtime/clients/step-functions.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { StepFunctionsRecoveries } from '../runtime/step-functions-recoveries.ts';

const control = controlPorts();
const { topology } = control;
const recoverArn = machineArn(topology, 'recover');
const recoveries = new StepFunctionsRecoveries(statesClient(topology.controlRegion), recoverArn);
const ports = { ...control, recoveries };

/** A migration is named by its task; a recovery names its task in its input. */
function taskOf(machine: Operation, detail: { name: string; input: string }): string | undefined {
  if (machine !== 'recover') return detail.name;
  const input = RecoverInput.safeParse(JSON.parse(detail.input));
  return input.success ? input.data.task : undefined;
}

/** Called by the rule on executions that failed, timed out or were aborted: starts a recovery if the task is open. */
export const handler = controlHandler(EndedExecutionEvent, async ({ id, detail }) => {
  const machine = detail.stateMachineArn === recoverArn ? 'recover' : 'migrate';
  const task = taskOf(machine, detail);
  if (task === undefined) return 'nothing';
  return startRecovery(ports, { machine, task, name: detail.name, status: detail.status, eventId: id });
});
