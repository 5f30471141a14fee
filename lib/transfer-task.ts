import type { TransferTaskEnvironment } from '@tanker/contract/environment.ts';
import { clusterName, TRANSFER_CONTAINER, transferFamily } from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  CfnCluster,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  acknowledgeExecutionRole,
  acknowledgeExportObjects,
  acknowledgeForeignKeys,
  acknowledgeSecrets,
  acknowledgeTransferCluster,
  acknowledgeTransferDefinition,
} from './acknowledgements.ts';
import { type Bundles, TOPOLOGY_FILE } from './bundle.ts';
import { TRANSFER_TASK_GRANTS } from './grants.ts';
import { agentStatements, type OwnDatacenter, wildcards } from './statements.ts';

/** One vCPU streams and hashes; the least memory that Fargate gives with it. Source: ECS, "Task definition parameters". */
const CPU_UNITS = 1024;
const MEMORY_MIB = 2048;

const PLATFORMS = {
  'x86-64': { cpuArchitecture: CpuArchitecture.X86_64, platform: Platform.LINUX_AMD64 },
  arm64: { cpuArchitecture: CpuArchitecture.ARM64, platform: Platform.LINUX_ARM64 },
} as const;

/** The Fargate task that transfers what takes longer than a function may run, and the cluster it runs in. */
export class TransferTask extends Construct {
  /** What a run of it hands over to ECS. */
  readonly roleArns: readonly string[];

  constructor(scope: Construct, topology: Topology, home: OwnDatacenter, bundles: Bundles) {
    super(scope, 'TransferTask');
    const { name } = home.datacenter;
    const cluster = new CfnCluster(this, 'Cluster', { clusterName: clusterName(topology, name) });
    acknowledgeTransferCluster(cluster);
    const assumedBy = new ServicePrincipal('ecs-tasks.amazonaws.com');
    const taskRole = this.taskRole(topology, home, assumedBy);
    // The image and the log give it their rights, each on its own resource.
    const executionRole = new Role(this, 'ExecutionRole', { assumedBy });
    acknowledgeExecutionRole(executionRole);
    this.roleArns = [taskRole.roleArn, executionRole.roleArn];
    const { cpuArchitecture, platform } = PLATFORMS[topology.fargate.architecture];
    const definition = new FargateTaskDefinition(this, 'Definition', {
      family: transferFamily(topology, name),
      cpu: CPU_UNITS,
      memoryLimitMiB: MEMORY_MIB,
      runtimePlatform: { cpuArchitecture, operatingSystemFamily: OperatingSystemFamily.LINUX },
      taskRole,
      executionRole,
    });
    acknowledgeTransferDefinition(definition);
    definition.addContainer(TRANSFER_CONTAINER, {
      image: ContainerImage.fromAsset(bundles.transfer, { platform }),
      environment: environmentOf(topology, name),
      readonlyRootFilesystem: true,
      // Node would be process 1 otherwise, for which the kernel ignores a SIGTERM that nobody handles.
      linuxParameters: new LinuxParameters(this, 'Init', { initProcessEnabled: true }),
      logging: LogDrivers.awsLogs({
        streamPrefix: TRANSFER_CONTAINER,
        logGroup: this.logGroup(topology, name),
      }),
    });
  }

  private logGroup(topology: Topology, datacenter: string): LogGroup {
    return new LogGroup(this, 'Log', {
      logGroupName: `/aws/ecs/${transferFamily(topology, datacenter)}`,
      retention: topology.retention.recordDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private taskRole(topology: Topology, home: OwnDatacenter, assumedBy: ServicePrincipal): Role {
    const role = new Role(this, 'Role', { assumedBy });
    for (const grant of TRANSFER_TASK_GRANTS) {
      for (const statement of agentStatements(topology, home, grant)) role.addToPolicy(statement);
    }
    const found = TRANSFER_TASK_GRANTS.map((grant) => wildcards(topology, home, grant));
    const each = (kind: 'objects' | 'foreignKeys' | 'secrets') => [
      ...new Set(found.flatMap((one) => one[kind])),
    ];
    acknowledgeExportObjects(role, each('objects'));
    acknowledgeForeignKeys(role, each('foreignKeys'));
    acknowledgeSecrets(role, each('secrets'));
    return role;
  }
}

const environmentOf = (topology: Topology, datacenter: string): TransferTaskEnvironment => ({
  TOPOLOGY_FILE,
  POWERTOOLS_SERVICE_NAME: topology.installation,
  DATACENTER: datacenter,
});
