import type { LaunchEnvironment } from '@tanker/contract/environment.ts';
import type { Datacenter } from '@tanker/contract/topology.ts';
import { GatewayVpcEndpointAwsService, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledgeTransferNetwork } from './acknowledgements.ts';

/** Where the transfer tasks run, as a run of them names it. */
export type RunsIn = Pick<LaunchEnvironment, 'SUBNET_IDS' | 'SECURITY_GROUP_IDS' | 'ASSIGN_PUBLIC_IP'>;

/**
 * Public subnets in two zones for tasks with a public address and no inbound rule: the way out costs no NAT gateway, and
 * S3 of the same region is reached through the gateway endpoint. Only where the topology names no network.
 */
export class TransferNetwork extends Construct {
  readonly runsIn: RunsIn;

  constructor(scope: Construct, named: Datacenter['vpc']) {
    super(scope, 'TransferNetwork');
    this.runsIn = named
      ? {
          SUBNET_IDS: named.subnetIds.join(','),
          SECURITY_GROUP_IDS: named.securityGroupIds.join(','),
          // The functions run in the same subnets, where a public address would be of no use to them either.
          ASSIGN_PUBLIC_IP: 'DISABLED',
        }
      : this.ownNetwork();
  }

  private ownNetwork(): RunsIn {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'public', subnetType: SubnetType.PUBLIC }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      // It would take a function of its own for a group that nothing here is in.
      restrictDefaultSecurityGroup: false,
    });
    acknowledgeTransferNetwork(vpc);
    const group = new SecurityGroup(this, 'Group', {
      vpc,
      description: 'Transfer tasks: out to AWS and to the providers, nothing in',
      allowAllOutbound: true,
    });
    return {
      SUBNET_IDS: vpc.publicSubnets.map(({ subnetId }) => subnetId).join(','),
      SECURITY_GROUP_IDS: group.securityGroupId,
      ASSIGN_PUBLIC_IP: 'ENABLED',
    };
  }
}
