import { eventBusName, unpublishedEventsName } from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { EventSourceMapping, FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeDeadLetterQueue } from './acknowledgements.ts';
import type { ControlFunction } from './control-function.ts';
import type { RecordsTable } from './records-table.ts';
import { mayReadStream, maySend } from './statements.ts';

/**
 * Lambda's default. A hundred changes of one task are a hundred calls of about 50 ms, 5 s of the function's 27 s; of a
 * hundred tasks they are ten.
 */
const BATCH_SIZE = 100;

/**
 * The table's stream keeps a record for 24 hours, and Lambda tries as long: it documents no waits between its tries, so
 * only a time can be promised. An hour before the end it gives the batch up and says so in the queue. Source: Lambda,
 * "Lambda parameters for Amazon DynamoDB event source mappings".
 */
const GIVE_UP_AFTER = Duration.hours(23);

/** SQS keeps a message at most 14 days: time to look at what was not told. */
const KEEP_DAYS = 14;

/**
 * Only writes of tasks' own records, and no deletions, which have no new image. By the record's content, because a
 * mapping of DynamoDB filters below `dynamodb` alone. Source: Lambda, "Using event filtering with a DynamoDB event source".
 */
const TASK_RECORDS = FilterCriteria.filter({ dynamodb: { NewImage: { kind: { S: ['task'] } } } });

/**
 * The bus that tells every phase change of every task, whoever wrote it: the table's stream feeds it, so that no writer
 * knows of it and nothing is added to the lock window.
 */
export class PhaseEvents extends Construct {
  constructor(scope: Construct, topology: Topology, table: RecordsTable, publishEvents: ControlFunction) {
    super(scope, 'PhaseEvents');
    new EventBus(this, 'Bus', {
      eventBusName: eventBusName(topology),
      description: `Phase changes of the tasks of Tanker ${topology.installation}`,
    });
    const unpublished = new Queue(this, 'Unpublished', {
      queueName: unpublishedEventsName(topology),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(KEEP_DAYS),
    });
    acknowledgeDeadLetterQueue(unpublished);
    const streamArn = table.tableStreamArn;
    if (streamArn === undefined) throw new Error('The table has no stream.');
    for (const statement of [mayReadStream(streamArn), maySend(unpublished.queueArn)]) {
      publishEvents.role.addToPolicy(statement);
    }
    new EventSourceMapping(this, 'Mapping', {
      target: publishEvents.function,
      eventSourceArn: streamArn,
      // What was written before the first deployment of this mapping is told too, as far as the stream reaches back.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: BATCH_SIZE,
      maxRecordAge: GIVE_UP_AFTER,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      filters: [TASK_RECORDS],
      onFailure: { bind: () => ({ destination: unpublished.queueArn }) },
    });
  }
}
