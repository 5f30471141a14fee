import type { Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { TableConfig } from '../dynamodb/index.ts';
import { checkProperties } from './properties.ts';

const TABLE = {
  used: [
    'AttributeDefinitions',
    'GlobalSecondaryIndexes',
    'KeySchema',
    'Replicas',
    'TableName',
    'TimeToLiveSpecification',
  ],
  ignored: [
    'BillingMode',
    'ContributorInsightsSpecification',
    'DeletionProtectionEnabled',
    'OnDemandThroughput',
    'PointInTimeRecoverySpecification',
    'SSESpecification',
    'TableClass',
    'Tags',
    'WriteOnDemandThroughputSettings',
  ],
};

/** AWS::DynamoDB::Table, or a GlobalTable with one replica. */
export function readTable(resource: Resource): TableConfig {
  checkProperties(resource.properties, TABLE);
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, TimeToLiveSpecification, Replicas } =
    resource.properties;
  if (Array.isArray(Replicas) && Replicas.length > 1) throw new TemplateUnsupported('more than one replica');
  const ttl = TimeToLiveSpecification as { AttributeName: string; Enabled: boolean } | undefined;
  return {
    region: resource.region,
    name: resource.ref,
    keySchema: KeySchema as TableConfig['keySchema'],
    attributeDefinitions: AttributeDefinitions as TableConfig['attributeDefinitions'],
    gsis: GlobalSecondaryIndexes as TableConfig['gsis'],
    ttlAttribute: ttl?.Enabled ? ttl.AttributeName : undefined,
  };
}
