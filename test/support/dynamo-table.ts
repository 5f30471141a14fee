import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDynamo } from '../../local/dynamodb/index.ts';
import { serve } from '../local/loopback.ts';

const REGION = 'eu-west-1';

/** The installation's table in the embedded DynamoDB, behind the SDK. */
export async function startTable(name = 'tanker') {
  const dynamo = createDynamo({ accountId: '123456789012' });
  const loopback = await serve(dynamo.handle);
  await dynamo.createTable({
    region: REGION,
    name,
    keySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    attributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
  });
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  const raw = new DynamoDBClient({ region: REGION, endpoint: loopback.endpoint, credentials });
  return {
    name,
    client: DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } }),
    close: async () => {
      raw.destroy();
      await loopback.close();
    },
  };
}

export type TestTable = Awaited<ReturnType<typeof startTable>>;
