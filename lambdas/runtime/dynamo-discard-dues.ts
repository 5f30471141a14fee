import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { keys } from '@tanker/contract/index.ts';
import type { DiscardDues } from '../../core/ports.ts';

/** The agent's word on the row of a due date. */
export const dynamoDiscardDues = (client: DynamoDBDocumentClient, table: string): DiscardDues => ({
  async confirm(due, discarded) {
    try {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: keys.due(due.due, due.at, due.task),
          UpdateExpression: 'SET discarded = :discarded',
          // The first word stays: the agent of a doubled call finds nothing any more.
          ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(discarded)',
          ExpressionAttributeValues: { ':discarded': discarded },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  },
});
