import type { Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { TableConfig } from '../dynamodb/index.ts';
import { STREAM_VIEWS, type StreamView } from '../dynamodb/stream.ts';
import { checkProperties } from './properties.ts';

const TABLE = {
  used: [
    'AttributeDefinitions',
    'GlobalSecondaryIndexes',
    'KeySchema',
    'Replicas',
    'StreamSpecification',
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

const STREAM = { used: ['StreamViewType'], ignored: [] };

/** AWS::DynamoDB::Table, or a GlobalTable with one replica. */
export function readTable(resource: Resource): TableConfig {
  checkProperties(resource.properties, TABLE);
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, TimeToLiveSpecification, Replicas } =
    resource.properties;
  const { StreamSpecification } = resource.properties as { StreamSpecification?: object };
  if (Array.isArray(Replicas) && Replicas.length > 1) throw new TemplateUnsupported('more than one replica');
  const ttl = TimeToLiveSpecification as { AttributeName: string; Enabled: boolean } | undefined;
  return {
    region: resource.region,
    name: resource.ref,
    keySchema: KeySchema as TableConfig['keySchema'],
    attributeDefinitions: AttributeDefinitions as TableConfig['attributeDefinitions'],
    gsis: GlobalSecondaryIndexes as TableConfig['gsis'],
    ttlAttribute: ttl?.Enabled ? ttl.AttributeName : undefined,
    ...(StreamSpecification !== undefined && { stream: readView(StreamSpecification) }),
  };
}

function readView(specification: object): StreamView {
  checkProperties(specification, STREAM, 'StreamSpecification.');
  const { StreamViewType } = specification as { StreamViewType?: string };
  const view = STREAM_VIEWS.find((one) => one === StreamViewType);
  if (!view) throw new TemplateUnsupported(`StreamViewType ${StreamViewType}`);
  return view;
}
