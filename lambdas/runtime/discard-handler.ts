import {
  AgentEnvironment,
  DiscardDueEvent,
  exportsBucketName,
  TankerError,
  tableName,
} from '@tanker/contract/index.ts';
import { discardDue } from '../../core/agent/discard-due.ts';
import { documentClient } from './clients/dynamodb.ts';
import { s3Client } from './clients/s3.ts';
import { dynamoDiscardDues } from './dynamo-discard-dues.ts';
import { readEnvironment } from './environment.ts';
import { controlHandler } from './middleware.ts';
import { s3Exports } from './s3-exports.ts';
import { datacenterOf, loadTopology } from './topology.ts';

/** Whether the sweeper sent it: such an event has no token, because no state machine waits. */
export const isDue = (event: unknown): boolean =>
  typeof event === 'object' && event !== null && 'due' in event;

/** The handler of a due date of exports, for the datacenter's own bucket. */
export const discardDueHandler = controlHandler(DiscardDueEvent, async (event, { logger }) => {
  const { DATACENTER } = readEnvironment(AgentEnvironment);
  if (event.datacenter !== DATACENTER) {
    throw new TankerError('InputInvalid', {
      what: `The discard agent of ${DATACENTER} got a due date for ${event.datacenter}.`,
      now: 'The function did nothing.',
      next: 'Deploy every stack from the same topology and version.',
    });
  }
  const topology = loadTopology();
  const { region } = datacenterOf(topology, DATACENTER);
  const discarded = await discardDue(
    {
      exports: s3Exports(s3Client(region), exportsBucketName(topology, DATACENTER)),
      dues: dynamoDiscardDues(documentClient(topology.controlRegion), tableName(topology)),
      now: () => new Date(),
    },
    event,
  );
  logger.info('What was due to be discarded is gone.', { due: event.due, ...discarded });
  return discarded;
});
