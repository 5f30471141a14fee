import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { type Topology, tableName } from '@tanker/contract/index.ts';
import type { TaskRows } from '@tanker/sdk/task-records.ts';

/** Tanker's table through the AWS SDK. */
export function dynamoTaskRows(table: DynamoDBDocumentClient, topology: Topology): TaskRows {
  const TableName = tableName(topology);
  return {
    async get(Key) {
      return (await table.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
    },
    async query({ pk, prefix }) {
      const rows: unknown[] = [];
      let start: Record<string, unknown> | undefined;
      do {
        const page = await table.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
            ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
            ConsistentRead: true,
            ExclusiveStartKey: start,
          }),
        );
        rows.push(...(page.Items ?? []));
        start = page.LastEvaluatedKey;
      } while (start);
      return rows;
    },
  };
}
