import { OPEN_ATTRIBUTE, OPEN_TASKS_INDEX, tableName } from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

/**
 * The one table: claims, tasks, subtasks, log, debts, due dates. In one region only, because replicas that settle
 * conflicts by the last writer could issue an epoch twice. Losing it would lose the evidence, so no stack deletes it.
 */
export class RecordsTable extends TableV2 {
  constructor(scope: Construct, topology: Topology) {
    super(scope, 'Records', {
      tableName: tableName(topology),
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      // Sparse: only an open task has the attribute. One partition takes 1,000 writes a second, of which a task makes two.
      globalSecondaryIndexes: [
        {
          indexName: OPEN_TASKS_INDEX,
          partitionKey: { name: OPEN_ATTRIBUTE, type: AttributeType.STRING },
          sortKey: { name: 'createdAt', type: AttributeType.STRING },
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
      timeToLiveAttribute: 'ttl',
      // Both images, because a change of phase shows in nothing else; lib/phase-events.ts tells them.
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // The key that AWS manages in this account: each use is in CloudTrail, and agents of other regions need no right
      // on it. A key of one's own would protect nothing more, since records hold ids and counts, no customer data.
      encryption: TableEncryptionV2.awsManagedKey(),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
