import { readFileSync } from 'node:fs';
import type { Machine } from '@tanker/contract/index.ts';
import type { Definition } from '../../local/asl/definition.ts';

/** Substitutions as CloudFormation would make them, with a plain stand-in for each. */
const NUMBERS: Record<string, string> = {
  HeartbeatSeconds: '20',
  SubtaskTimeoutSeconds: '840',
  OpenTimeoutSeconds: '15',
  ControlTimeoutSeconds: '30',
  ProviderConcurrency: '10',
};

const standIn = (key: string): string => {
  if (NUMBERS[key] !== undefined) return NUMBERS[key];
  if (key === 'TableName') return 'tanker';
  const machine = /^(\w+)MachineArn$/.exec(key)?.[1]?.toLowerCase();
  if (machine) return `arn:aws:states:eu-west-1:123456789012:stateMachine:tanker-${machine}`;
  return `arn:aws:lambda:eu-west-1:123456789012:function:${key}`;
};

export const machineText = (machine: Machine): string =>
  readFileSync(new URL(`../../statemachines/${machine}.asl.json`, import.meta.url), 'utf8');

export const substituted = (machine: Machine): Definition =>
  JSON.parse(machineText(machine).replace(/\$\{(\w+)\}/g, (_, key: string) => standIn(key)));

// biome-ignore lint/suspicious/noExplicitAny: states are read as the JSON they are
export type State = Record<string, any>;

/** Every state of a machine with its name, nested ones included. */
export function* allStates(block: State): Generator<[string, State]> {
  for (const [name, state] of Object.entries(block['States'] as Record<string, State>)) {
    yield [name, state];
    if (state['ItemProcessor']) yield* allStates(state['ItemProcessor']);
    for (const branch of state['Branches'] ?? []) yield* allStates(branch);
  }
}
