import type { ResourceRules } from '../../asl/validate/resources.ts';

const LAMBDA_INVOKE = {
  required: ['FunctionName'],
  optional: ['Payload', 'InvocationType'],
  notImplemented: ['Qualifier', 'ClientContext', 'LogType'],
};
const START_EXECUTION = {
  required: ['StateMachineArn'],
  optional: ['Input', 'Name'],
  notImplemented: ['TraceHeader'],
};
const WRITE_OPTIONS = [
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnConsumedCapacity',
  'ReturnItemCollectionMetrics',
  'ReturnValues',
  'ReturnValuesOnConditionCheckFailure',
];

/** The integrations that exist here and their arguments. Source: Step Functions developer guide, optimized integrations. */
export const INTEGRATION_RULES: ResourceRules = {
  'lambda:invoke': LAMBDA_INVOKE,
  'lambda:invoke.waitForTaskToken': LAMBDA_INVOKE,
  'states:startExecution': START_EXECUTION,
  'states:startExecution.sync:2': START_EXECUTION,
  'dynamodb:getItem': {
    required: ['TableName', 'Key'],
    optional: [
      'ConsistentRead',
      'ExpressionAttributeNames',
      'ProjectionExpression',
      'ReturnConsumedCapacity',
    ],
  },
  'dynamodb:putItem': { required: ['TableName', 'Item'], optional: WRITE_OPTIONS },
  'dynamodb:updateItem': { required: ['TableName', 'Key'], optional: [...WRITE_OPTIONS, 'UpdateExpression'] },
  'dynamodb:deleteItem': { required: ['TableName', 'Key'], optional: WRITE_OPTIONS },
};
