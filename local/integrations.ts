import type { EmbeddedDynamo } from './dynamodb/index.ts';
import type { DeliveryPorts } from './events/delivery.ts';
import type { Faults } from './faults.ts';
import { isAccessDenied } from './hooks.ts';
import type { Iam } from './iam/iam.ts';
import { ConnectionLost, parseFunctionReference } from './lambda/definition.ts';
import type { Lambda } from './lambda/lambda.ts';
import type { CallDynamo } from './states/integrations/dynamodb.ts';
import type { InvokeLambda } from './states/integrations/lambda.ts';
import type { States } from './states/states.ts';
import type { WireHandler } from './wire.ts';

/** An error as the services behind state machines and rules give it: its name is the AWS error code. */
function serviceError(name: string, statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { name, statusCode });
}

function refused(error: unknown): unknown {
  if (isAccessDenied(error)) return serviceError('AccessDeniedException', 403, error.message);
  if (error instanceof ConnectionLost) return serviceError('SdkClientException', 0, error.message);
  return error;
}

/** `lambda:invoke` of a state machine, in the machine's role. */
export function invokeForStates(lambda: Lambda, iam: Iam, account: string): InvokeLambda {
  return async ({ functionNameOrArn, payload, region, roleArn, invocationType }) => {
    const { name } = parseFunctionReference(functionNameOrArn);
    const resource = `arn:aws:lambda:${region}:${account}:function:${name}`;
    try {
      iam.authorizeRole(roleArn, { action: 'lambda:InvokeFunction', resource, region, operation: 'Invoke' });
      const result = await lambda.invoke({
        region,
        functionName: functionNameOrArn,
        payload: payload.toString('utf8'),
        invocationType,
      });
      const { statusCode, functionError, requestId } = result;
      return { statusCode, functionError, requestId, payload: Buffer.from(result.payload) };
    } catch (error) {
      throw refused(error);
    }
  };
}

/** `dynamodb:*Item` of a state machine, in the machine's role. */
export function dynamoForStates(dynamo: EmbeddedDynamo, iam: Iam): CallDynamo {
  return ({ region, roleArn, operation, input }) =>
    dynamo.call({ region, operation, input, accessKeyId: iam.credentialsFor(roleArn).accessKeyId });
}

/** The targets of rules. A function's permission for events.amazonaws.com is checked when the rule is deployed. */
export function targetsOfRules(
  lambda: Lambda,
  states: () => States,
  iam: Iam,
): Pick<DeliveryPorts, 'invokeFunction' | 'startExecution'> {
  return {
    async invokeFunction(region, functionName, payload) {
      await lambda.invoke({ region, functionName, payload, invocationType: 'Event' });
    },
    async startExecution({ region, stateMachineArn, roleArn = '', name, input }) {
      const call = {
        action: 'states:StartExecution',
        resource: stateMachineArn,
        region,
        operation: 'StartExecution',
      };
      try {
        iam.authorizeRole(roleArn, call);
        states().startExecution({ region, stateMachineArn, name, input });
      } catch (error) {
        throw refused(error);
      }
    },
  };
}

/**
 * Step Functions behind the caller's policies and the faults. A policy is asked for the action only: which resource a
 * task token belongs to is not in the request.
 */
export function guardStates(states: States, iam: Iam, faults: Faults): WireHandler {
  return async (request, response) => {
    const operation = String(request.http.headers['x-amz-target'] ?? '').replace('AWSStepFunctions.', '');
    const refuse = (status: number, code: string, message: string) => {
      request.http.resume();
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: code, message }));
    };
    const { accessKeyId, region } = request;
    const action = `states:${operation}`;
    try {
      iam.authorizeAction(accessKeyId, action);
    } catch (error) {
      return refuse(400, 'AccessDeniedException', (error as Error).message);
    }
    const fault = faults.inject({ action, resource: '*', region, accessKeyId, operation });
    if (fault) return refuse(fault.status, fault.code, fault.message ?? '');
    return states.handle(request, response);
  };
}
