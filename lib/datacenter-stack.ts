import {
  type AgentFunction as AgentFunctionId,
  alarmTopicName,
  datacenterStackName,
  LAUNCH,
  OPEN_EXPIRED,
  REPORT_FAILURE,
  REPORT_STOPPED_TASK,
} from '@tanker/contract/resource-names.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledgeTaskRevisions } from './acknowledgements.ts';
import { AgentFunction } from './agent-function.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { DatacenterAlarms } from './alarms.ts';
import { agentSecrets, BearerSecret } from './bearer-secret.ts';
import { AGENT_FUNCTIONS, type Bundles } from './bundle.ts';
import { ExportsBucket } from './exports-bucket.ts';
import { OPEN_EVERY, RatedRule } from './rated-rule.ts';
import { mayRunTransferTask, transferRevisionsArn } from './statements.ts';
import { StoppedTaskRule } from './stopped-task-rule.ts';
import { TransferNetwork } from './transfer-network.ts';
import { TransferTask } from './transfer-task.ts';
import { WarmRules } from './warm-rules.ts';

/** A datacenter: where its exports go, the agents that work there, and the tokens they show. */
export class DatacenterStack extends Stack {
  constructor(scope: Construct, topology: Topology, datacenter: Datacenter, bundles: Bundles) {
    super(scope, datacenterStackName(topology, datacenter.name), {
      stackName: datacenterStackName(topology, datacenter.name),
      description: `Tanker ${topology.installation}: datacenter ${datacenter.name}`,
      env: { account: topology.account, region: datacenter.region },
    });
    const exports = new ExportsBucket(this, topology, datacenter.name);
    const home = { datacenter, exportsKeyArn: exports.key.keyArn };
    const { runsIn } = new TransferNetwork(this, datacenter.vpc);
    const transferTask = new TransferTask(this, topology, home, bundles);
    const agents = new Map(
      AGENT_FUNCTIONS.map((name) => {
        const more = name === LAUNCH ? runsIn : {};
        return [name, new AgentFunction(this, name, topology, home, bundles, more)] as const;
      }),
    );
    const agent = (name: AgentFunctionId) => agents.get(name) as AgentFunction;
    const all = [...agents.values()];
    for (const dispatched of all.filter((one) => one.dispatched)) {
      dispatched.tellFailuresTo(agent(REPORT_FAILURE));
    }
    grantLaunch(agent(LAUNCH), topology, datacenter, transferTask);
    new StoppedTaskRule(this, topology, datacenter, agent(REPORT_STOPPED_TASK));
    new RatedRule(this, 'OpenExpiredRule', {
      name: `${topology.installation}-${datacenter.name}-${OPEN_EXPIRED}`,
      description: `Opens what a dead lock has left closed in ${datacenter.name}`,
      every: OPEN_EVERY,
      target: agent(OPEN_EXPIRED).function,
    });
    // open-expired is called every minute.
    const idle = all.filter((one) => one.inNetwork && one !== agent(OPEN_EXPIRED));
    new WarmRules(this, topology, datacenter, idle);
    if (keepsSecrets(topology, datacenter)) {
      for (const [name, [kind, description]] of agentSecrets(topology)) {
        new BearerSecret(this, name, kind, description);
      }
    }
    const { topic } = new AlarmTopic(this, topology, alarmTopicName(topology, datacenter.name));
    new DatacenterAlarms(this, topology, datacenter, topic);
  }

  /** By their number, so that synth asks no account: the first two that the region has. */
  override get availabilityZones(): string[] {
    return [0, 1].map((zone) => Fn.select(zone, Fn.getAzs()));
  }
}

/** `launch` runs the datacenter's one task, whose roles only its own stack knows. */
function grantLaunch(
  launch: AgentFunction,
  topology: Topology,
  datacenter: Datacenter,
  { roleArns }: TransferTask,
): void {
  for (const statement of mayRunTransferTask(topology, datacenter, roleArns))
    launch.role.addToPolicy(statement);
  acknowledgeTaskRevisions(launch.role, transferRevisionsArn(topology, datacenter));
}

/** A secret's name exists once in a region: of the datacenters that share one, the first has the secrets. */
const keepsSecrets = (topology: Topology, datacenter: Datacenter): boolean =>
  topology.datacenters.find(({ region }) => region === datacenter.region) === datacenter;
