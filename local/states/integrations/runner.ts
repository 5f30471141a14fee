import { TaskError } from '../../asl/errors.ts';
import { isJsonObject, type Json } from '../../asl/json.ts';
import type { TaskRunner } from '../../asl/tasks.ts';
import { argumentProblem } from '../../asl/validate/resources.ts';
import { type CallDynamo, runDynamo } from './dynamodb.ts';
import { type InvokeLambda, runLambda } from './lambda.ts';
import { INTEGRATION_RULES } from './rules.ts';
import { type NestedExecutions, runStart, runSync } from './start-execution.ts';

export interface IntegrationPorts {
  readonly invokeLambda: InvokeLambda;
  readonly callDynamo: CallDynamo;
  readonly nested: NestedExecutions;
}

/** The TaskRunner over the services of the embedded cloud. */
export function integrationRunner({ callDynamo, invokeLambda, nested }: IntegrationPorts): TaskRunner {
  return async (resource, args, context) => {
    refuseUnknown(resource, args);
    switch (resource) {
      case 'lambda:invoke':
      case 'lambda:invoke.waitForTaskToken':
        return runLambda(invokeLambda, args, context);
      case 'states:startExecution':
        return runStart(nested, args, context);
      case 'states:startExecution.sync:2':
        return runSync(nested, args, context);
      case 'dynamodb:getItem':
        return runDynamo(callDynamo, 'GetItem', args, context);
      case 'dynamodb:putItem':
        return runDynamo(callDynamo, 'PutItem', args, context);
      case 'dynamodb:updateItem':
        return runDynamo(callDynamo, 'UpdateItem', args, context);
      case 'dynamodb:deleteItem':
        return runDynamo(callDynamo, 'DeleteItem', args, context);
      default:
        throw new TaskError('States.Runtime', `The embedded cloud has no integration '${resource}'.`);
    }
  };
}

/** Names of arguments that an expression made: they could not be seen when the machine was created. */
function refuseUnknown(resource: string, args: Json): void {
  const rule = Object.hasOwn(INTEGRATION_RULES, resource) ? INTEGRATION_RULES[resource] : undefined;
  if (rule === undefined || !isJsonObject(args)) return;
  for (const name of Object.keys(args)) {
    const problem = argumentProblem(name, rule);
    if (problem !== undefined) throw new TaskError('States.Runtime', `${resource}, ${name}: ${problem}`);
  }
}
