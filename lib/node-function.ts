import type { AgentEnvironment, ControlEnvironment } from '@tanker/contract/environment.ts';
import { METRICS_NAMESPACE } from '@tanker/contract/metrics.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledgeFunctionRole } from './acknowledgements.ts';
import { TOPOLOGY_FILE } from './bundle.ts';

export interface NodeFunctionProps {
  readonly topology: Topology;
  readonly region: string;
  readonly functionName: string;
  readonly description: string;
  /** The folder with index.mjs, as it goes to Lambda. */
  readonly folder: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** Everything the function may do beside its log and its traces. */
  readonly statements: readonly PolicyStatement[];
  readonly environment: ControlEnvironment | AgentEnvironment;
  readonly vpc?: Datacenter['vpc'];
}

/** The variables that each function has. Metrics of several installations in one account stay apart by their service. */
export const commonEnvironment = (topology: Topology): ControlEnvironment => ({
  TOPOLOGY_FILE,
  POWERTOOLS_SERVICE_NAME: topology.installation,
  POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
});

/** One Lambda function with a log group and a role of its own. */
export class NodeFunction extends Construct {
  readonly role: Role;
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    const { topology, functionName } = props;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: logGroupName(functionName),
      retention: topology.retention.recordDays,
      // The evidence of a task is in the table; a log is for finding out, and its fixed name must be free again.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const streams = `arn:aws:logs:${props.region}:${topology.account}:log-group:${logGroupName(functionName)}:*`;
    for (const statement of [mayWriteLog(streams), ...props.statements]) this.role.addToPolicy(statement);
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(props.folder),
      handler: 'index.handler',
      memorySize: props.memoryMegabytes,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: { ...props.environment },
      tracing: lambda.Tracing.ACTIVE,
      role: this.role,
      logGroup,
    });
    acknowledgeFunctionRole(this.role, streams, props.vpc !== undefined);
    if (props.vpc) this.joinNetwork(props.vpc);
  }

  /** By the ids as they are: looking the network up would need an AWS account at synth. */
  private joinNetwork({ subnetIds, securityGroupIds }: NonNullable<NodeFunctionProps['vpc']>): void {
    this.role.addToPolicy(
      new PolicyStatement({
        actions: [
          'ec2:CreateNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:DeleteNetworkInterface',
          'ec2:AssignPrivateIpAddresses',
          'ec2:UnassignPrivateIpAddresses',
        ],
        resources: ['*'],
      }),
    );
    (this.function.node.defaultChild as lambda.CfnFunction).vpcConfig = { subnetIds, securityGroupIds };
  }
}

const logGroupName = (functionName: string): string => `/aws/lambda/${functionName}`;

const mayWriteLog = (streams: string): PolicyStatement =>
  new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [streams] });
