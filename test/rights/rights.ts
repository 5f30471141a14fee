import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import {
  ACTIONS,
  type Action,
  type AgentFunction,
  agentFunctionName,
  CONTROL_FUNCTIONS,
  controlFunctionName,
  LAUNCH,
  MACHINES,
  machineArn,
  TASK_OPERATIONS,
  type TaskOperation,
  transferFamily,
} from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import type { DatacenterKey } from '../../demo/world/topology.ts';
import { neverAsked } from '../../local/iam/never-asked.ts';
import { placeOf } from './stories/agents.ts';
import type { StoryName } from './stories/index.ts';
import {
  AGENT_USES,
  CONTROL_USES,
  MACHINE_USES,
  SHOWN_ELSEWHERE,
  TRANSFER_TASK_USES,
  type Uses,
} from './uses.ts';

/** Who acts in a role, and how the stories meet it. */
interface Caller {
  readonly name: string;
  readonly uses: Uses;
  /** Where the company of a story has to live, so that this role works for it. */
  readonly home: DatacenterKey;
  readonly agent: Action;
  readonly operation: TaskOperation;
  /** Whether companies that live elsewhere, and move the other way, never meet the role. */
  readonly oneWay: boolean;
}

/** One action that a role may do, and what is there to show that it must. */
export interface Right extends Omit<Caller, 'uses'> {
  readonly roleArn: string;
  readonly action: string;
  /** Undefined: the table knows of no use. */
  readonly story: StoryName | undefined;
}

const isOperation = (machine: string): machine is TaskOperation =>
  (TASK_OPERATIONS as readonly string[]).includes(machine);
const isAction = (name: string): name is Action => (ACTIONS as readonly string[]).includes(name);

function agentCaller(datacenter: string, name: AgentFunction): Caller {
  // The first agent that a task calls, for what is called by or about any of them.
  const agent = isAction(name) ? name : 'describe';
  const home = placeOf({ home: 'us', target: 'eu' }, agent) === datacenter ? 'us' : 'eu';
  const oneWay = isAction(name) && name !== 'describe';
  const uses = AGENT_USES[name] ?? {};
  return { name: `${datacenter} ${name}`, uses, home, agent, operation: 'migrate', oneWay };
}

/** The callers of the stage's roles, by the ARN of the role. */
async function callersOf({
  cloud,
  states,
  topology,
}: Pick<Stage, 'cloud' | 'states' | 'topology'>): Promise<ReadonlyMap<string, Caller>> {
  const found = new Map<string, Caller>();
  const roles = new Map(
    cloud.regions.flatMap((region) =>
      cloud.lambda.functions(region).map((one) => [one.name, one.roleArn] as const),
    ),
  );
  const anywhere = { home: 'us', agent: 'describe', operation: 'migrate', oneWay: false } as const;
  for (const name of CONTROL_FUNCTIONS) {
    const roleArn = roles.get(controlFunctionName(topology, name)) ?? '';
    found.set(roleArn, { ...anywhere, name, uses: CONTROL_USES[name] ?? {} });
  }
  for (const machine of MACHINES) {
    const stateMachineArn = machineArn(topology, machine);
    const { roleArn = '' } = await states.send(new DescribeStateMachineCommand({ stateMachineArn }));
    const operation = isOperation(machine) ? machine : 'migrate';
    const uses = MACHINE_USES[machine] ?? {};
    found.set(roleArn, { ...anywhere, operation, name: `machine ${machine}`, uses });
  }
  for (const { name: datacenter } of topology.datacenters) {
    for (const name of Object.keys(AGENT_USES) as AgentFunction[]) {
      const roleArn = roles.get(agentFunctionName(topology, datacenter, name)) ?? '';
      found.set(roleArn, agentCaller(datacenter, name));
    }
    const task = cloud.ecs
      .taskDefinitions()
      .find(({ family }) => family === transferFamily(topology, datacenter));
    const caller = { ...agentCaller(datacenter, LAUNCH), name: `${datacenter} transfer task` };
    found.set(task?.taskRoleArn ?? '', { ...caller, uses: TRANSFER_TASK_USES });
    found.set(task?.executionRoleArn ?? '', { ...caller, name: `${caller.name}'s start`, uses: {} });
  }
  return found;
}

/** Every action of every role, each once, except those that the embedded cloud never asks for. */
export async function rightsOf(
  stage: Pick<Stage, 'cloud' | 'states' | 'topology'>,
): Promise<readonly Right[]> {
  const callers = await callersOf(stage);
  const rights = new Map<string, Right>();
  for (const { roleArn, action } of stage.cloud.iam.usage()) {
    if (neverAsked(action)) continue;
    const caller = callers.get(roleArn);
    if (!caller) throw new Error(`Nobody is known to act as ${roleArn}.`);
    const { uses, ...who } = caller;
    if (SHOWN_ELSEWHERE[`${who.name} ${action}`] !== undefined) continue;
    rights.set(`${roleArn} ${action}`, { ...who, roleArn, action, story: uses[action] });
  }
  return [...rights.values()];
}

/** Lines of the table of uses whose role has no such right, as `<caller> <action>`. */
export async function idleLines(
  stage: Pick<Stage, 'cloud' | 'states' | 'topology'>,
): Promise<readonly string[]> {
  const given = new Set(stage.cloud.iam.usage().map(({ roleArn, action }) => `${roleArn} ${action}`));
  return [...(await callersOf(stage))].flatMap(([roleArn, { name, uses }]) =>
    Object.keys(uses)
      .filter((action) => !given.has(`${roleArn} ${action}`))
      .map((action) => `${name} ${action}`),
  );
}
