import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TaskRows } from '@tanker/sdk/task-records.ts';
import type { Installation } from '../installation.ts';
import { dynamoTaskRows } from './task-rows.ts';

/** An installation with the clients of its regions. */
export interface Clients extends Installation {
  readonly states: SFNClient;
  readonly table: DynamoDBDocumentClient;
  readonly rows: TaskRows;
  /** A client for the functions of that region; it is the caller's to destroy. */
  lambda(region: string): LambdaClient;
  close(): void;
}

/** Clients of the control region. They hold no connection before their first call. */
export function openClients(installation: Installation): Clients {
  const { topology, demo } = installation;
  const options = (region: string) => ({
    region,
    ...(demo ? { endpoint: demo.endpoint, credentials: demo.credentials } : {}),
  });
  const states = new SFNClient(options(topology.controlRegion));
  const table = DynamoDBDocumentClient.from(new DynamoDBClient(options(topology.controlRegion)));
  return {
    ...installation,
    states,
    table,
    rows: dynamoTaskRows(table, topology),
    lambda: (region) => new LambdaClient(options(region)),
    close() {
      states.destroy();
      table.destroy();
    },
  };
}
