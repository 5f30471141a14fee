import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DescribeStateMachineCommand } from '@aws-sdk/client-sfn';
import {
  type AgentDoctorEvent,
  agentFunctionName,
  CONTRACT_VERSION,
  type ControlDoctorEvent,
  controlFunctionName,
  DOCTOR,
  DoctorResult,
  keys,
  MACHINES,
  type Machine,
  machineArn,
  NOBODY,
  topologyFingerprint,
} from '@tanker/contract/index.ts';
import type { Clients } from './clients.ts';

/** One question of the doctor and its finding. */
export interface Finding {
  /** Who was asked: `contacts`, `gateway`, `table`, `topology`, `machine migrate`. */
  readonly patient: string;
  /** From where: `eu/db1`, `us`, `control`, or `here` for this command's own rights. */
  readonly place: string;
  readonly well: boolean;
  readonly milliseconds: number;
  /** A provider's own words, or why it is ill: the error's name and sentences. */
  readonly contractVersion?: number;
  readonly incarnation?: string;
  readonly error?: string;
  readonly cause?: string;
  /** How far the clock of the function that asked is ahead of this machine's, and the provider's ahead of it. */
  readonly clockAheadSeconds?: number;
  readonly providerAheadSeconds?: number;
}

/**
 * Above this, clocks are ill. Leases run by the authority's clock alone and deadlines by the control region's; records
 * of several places are only put into one order by clocks that agree. A network round trip is well below.
 */
export const MOST_CLOCK_SECONDS = 5;

type Ill = Pick<Finding, 'error' | 'cause'>;

/** @throws nothing: what fails is the finding */
async function ask(
  patient: string,
  place: string,
  question: () => Promise<Partial<Finding>>,
): Promise<Finding> {
  const began = Date.now();
  const found = await question().catch((error: Error): Ill => ({ error: error.name, cause: error.message }));
  return { patient, place, well: found.error === undefined, milliseconds: Date.now() - began, ...found };
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 100) / 10;

/** Calls a doctor function and compares its clock with this machine's, halfway between the call and the answer. */
async function invoke(
  clients: Clients,
  region: string,
  FunctionName: string,
  event: AgentDoctorEvent | ControlDoctorEvent,
): Promise<Partial<Finding> & { result?: DoctorResult }> {
  const lambda = clients.lambda(region);
  try {
    const Payload = Buffer.from(JSON.stringify(event));
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload }));
    const received = Date.now();
    const value: unknown = JSON.parse(Buffer.from(answer.Payload ?? '{}').toString());
    if (answer.FunctionError) {
      const { errorType = 'InternalFailure', errorMessage = '' } = value as Record<string, string>;
      return { error: errorType, cause: errorMessage };
    }
    const parsed = DoctorResult.safeParse(value);
    if (!parsed.success) {
      const cause = `The answer of ${FunctionName} is not of this version. Deploy it and this CLI from the same one.`;
      return { error: 'ContractUnsupported', cause };
    }
    const result = parsed.data;
    const clockAheadSeconds = seconds(Date.parse(result.now) - received);
    const { refusal } = result;
    return {
      result,
      clockAheadSeconds,
      milliseconds: result.roundTripMilliseconds,
      ...(refusal ?? clockFinding('The function', clockAheadSeconds)),
    };
  } finally {
    lambda.destroy();
  }
}

function clockFinding(whose: string, ahead: number): Ill {
  if (Math.abs(ahead) <= MOST_CLOCK_SECONDS) return {};
  return {
    error: 'ClockWrong',
    cause: `${whose}'s clock differs by ${ahead} s; at most ${MOST_CLOCK_SECONDS} s are allowed. Set the clocks by NTP.`,
  };
}

async function askProvider(
  clients: Clients,
  at: { region: string; datacenter: string; server: string; provider: string },
): Promise<Partial<Finding>> {
  const location = { datacenter: at.datacenter, server: at.server };
  const name = agentFunctionName(clients.topology, at.datacenter, DOCTOR);
  const event = { ask: 'provider', provider: at.provider, location } as const;
  const { result, ...found } = await invoke(clients, at.region, name, event);
  const { describe } = result ?? {};
  if (!describe || !result || found.error !== undefined) return found;
  const { contractVersion, incarnation } = describe;
  const providerAheadSeconds = seconds(Date.parse(describe.now) - Date.parse(result.now));
  return {
    ...found,
    contractVersion,
    incarnation,
    providerAheadSeconds,
    ...identityFinding(at.provider, describe.name, contractVersion),
    ...clockFinding('The provider', providerAheadSeconds),
  };
}

function identityFinding(expected: string, name: string, version: number): Ill {
  if (name !== expected)
    return {
      error: 'ProviderMismatch',
      cause: `The endpoint answers as "${name}". Correct it in the topology.`,
    };
  if (version === CONTRACT_VERSION) return {};
  return {
    error: 'ContractUnsupported',
    cause: `It speaks version ${version} of the contract, this Tanker ${CONTRACT_VERSION}. Deploy the same version.`,
  };
}

/** Enough of a fingerprint to see which regions agree. */
const SHOWN_CHARACTERS = 12;

/** Whether the function that answers was deployed with the topology that this command works with. */
async function askTopology(
  clients: Clients,
  region: string,
  functionName: string,
): Promise<Partial<Finding>> {
  const { result, ...found } = await invoke(clients, region, functionName, { ask: 'topology' });
  const here = topologyFingerprint(clients.topology);
  if (found.error !== undefined || result?.topology === here) return found;
  const there = result?.topology ?? 'unknown';
  return {
    ...found,
    error: 'TopologyDiffers',
    cause: `What is deployed there (${there.slice(0, SHOWN_CHARACTERS)}) is not the topology that this command works with (${here.slice(0, SHOWN_CHARACTERS)}). Deploy every stack from this file and version, or name the file that was deployed.`,
  };
}

/** Asks everything that a task would need, without a company: what this caller may do, and what the functions reach. */
export function examineAll(clients: Clients): Promise<Finding[]> {
  const { topology } = clients;
  const { controlRegion } = topology;
  const control = controlFunctionName(topology, 'doctor');
  const plain = async (region: string, name: string, event: AgentDoctorEvent | ControlDoctorEvent) => {
    const { result: _result, ...found } = await invoke(clients, region, name, event);
    return found;
  };
  const machine = (name: Machine) =>
    ask(`machine ${name}`, 'here', async () => {
      const stateMachineArn = machineArn(topology, name);
      await clients.states.send(new DescribeStateMachineCommand({ stateMachineArn }));
      return {};
    });
  return Promise.all([
    ...MACHINES.map(machine),
    ask('table', 'here', async () => {
      await clients.rows.get(keys.task(NOBODY));
      return {};
    }),
    ...(['table', 'gateway'] as const).map((patient) =>
      ask(patient, 'control', () => plain(controlRegion, control, { ask: patient })),
    ),
    ask('topology', 'control', () => askTopology(clients, controlRegion, control)),
    ...topology.datacenters.flatMap(({ name: datacenter, region, servers }) => [
      ask('topology', datacenter, () =>
        askTopology(clients, region, agentFunctionName(topology, datacenter, DOCTOR)),
      ),
      ask('gateway', datacenter, () =>
        plain(region, agentFunctionName(topology, datacenter, DOCTOR), { ask: 'gateway' }),
      ),
      ...servers.flatMap((server) =>
        topology.providers.map(({ name: provider }) =>
          ask(provider, `${datacenter}/${server}`, () =>
            askProvider(clients, { region, datacenter, server, provider }),
          ),
        ),
      ),
    ]),
  ]);
}
