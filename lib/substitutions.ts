import {
  CONTROL_TIMEOUT_SECONDS,
  HEARTBEAT_SECONDS,
  OPEN_TIMEOUT_SECONDS,
  SUBTASK_TIMEOUT_SECONDS,
} from '@tanker/contract/limits.ts';
import { MACHINES } from '@tanker/contract/operations.ts';
import {
  CONTROL_FUNCTIONS,
  controlFunctionName,
  functionArn,
  machineArn,
  tableName,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { pascalCase } from './paths.ts';

/**
 * What stands for `${Key}` in the state machines' files. Names and ARNs are computed, never references: a function's
 * role names the state machine and the state machine names the function, which CloudFormation could not order.
 * Numbers are written inside JSONata: `"{% ${HeartbeatSeconds} %}"`, so the files stay valid JSON.
 */
export function substitutions(topology: Topology): Readonly<Record<string, string>> {
  const functions = CONTROL_FUNCTIONS.map((name) => [
    `${pascalCase(name)}FunctionArn`,
    functionArn(topology, topology.controlRegion, controlFunctionName(topology, name)),
  ]);
  return {
    ...Object.fromEntries(functions),
    TableName: tableName(topology),
    ...Object.fromEntries(
      MACHINES.map((machine) => [`${pascalCase(machine)}MachineArn`, machineArn(topology, machine)]),
    ),
    HeartbeatSeconds: String(HEARTBEAT_SECONDS),
    SubtaskTimeoutSeconds: String(SUBTASK_TIMEOUT_SECONDS),
    OpenTimeoutSeconds: String(OPEN_TIMEOUT_SECONDS),
    ControlTimeoutSeconds: String(CONTROL_TIMEOUT_SECONDS),
    ProviderConcurrency: String(topology.concurrency.providers),
  };
}

/**
 * The substitutions that a definition uses and no others.
 * Throws when it uses one that is not there: CloudFormation would leave the text `${Key}` in the definition.
 */
export function usedSubstitutions(
  definition: string,
  values: Readonly<Record<string, string>>,
  file: string,
): Record<string, string> {
  const keys = [...new Set([...definition.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] as string))];
  return Object.fromEntries(
    keys.map((key) => {
      const value = values[key];
      if (value === undefined) {
        throw new Error(`${file} uses \${${key}}; known are ${Object.keys(values).join(', ')}.`);
      }
      return [key, value];
    }),
  );
}
