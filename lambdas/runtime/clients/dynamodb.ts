import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { clientOptions, perRegion } from './options.ts';

/** Items are plain JSON; an undefined field is no field. */
export const documentClient = perRegion((region) =>
  DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(region)), {
    marshallOptions: { removeUndefinedValues: true },
  }),
);
