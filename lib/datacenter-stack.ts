import { datacenterStackName } from '@tanker/contract/resource-names.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AgentFunction } from './agent-function.ts';
import { agentSecrets, BearerSecret } from './bearer-secret.ts';
import { AGENT_FUNCTIONS, type Bundles } from './bundle.ts';
import { ExportsBucket } from './exports-bucket.ts';

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
    for (const name of AGENT_FUNCTIONS) new AgentFunction(this, name, topology, home, bundles);
    if (keepsSecrets(topology, datacenter)) {
      for (const [name, description] of agentSecrets(topology)) new BearerSecret(this, name, description);
    }
  }
}

/** A secret's name exists once in a region: of the datacenters that share one, the first has the secrets. */
const keepsSecrets = (topology: Topology, datacenter: Datacenter): boolean =>
  topology.datacenters.find(({ region }) => region === datacenter.region) === datacenter;
