import type { EmbeddedDynamo } from './dynamodb/index.ts';
import type { DeliveryPorts } from './events/delivery.ts';
import { isAccessDenied } from './hooks.ts';
import type { Iam } from './iam/iam.ts';
import { ConnectionLost, parseFunctionReference } from './lambda/definition.ts';
import type { Lambda } from './lambda/lambda.ts';
import type { Queues } from './queues.ts';
import type { CallDynamo } from './states/integrations/dynamodb.ts';
import type { InvokeLambda } from './states/integrations/lambda.ts';
import type { States } from './states/states.ts';

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

/** Condition keys of a call that EventBridge makes for a rule. */
const sourceOf = (ruleArn: string) => ({
  'aws:SourceArn': ruleArn,
  'aws:SourceAccount': ruleArn.split(':')[4] ?? '',
});

/** The targets of rules, each behind the function's or queue's own policy, or the target's role. */
export function targetsOfRules(
  { lambda, states, queues }: { lambda: Lambda; states: () => States; queues: Queues },
  iam: Iam,
): Pick<DeliveryPorts, 'invokeFunction' | 'startExecution' | 'sendToQueue'> {
  return {
    async invokeFunction(region, functionName, payload, ruleArn) {
      const action = 'lambda:InvokeFunction';
      try {
        const context = sourceOf(ruleArn);
        const call = { action, resource: functionName, region, operation: 'Invoke', context };
        iam.authorizeService('events.amazonaws.com', call);
        await lambda.invoke({ region, functionName, payload, invocationType: 'Event' });
      } catch (error) {
        throw refused(error);
      }
    },
    sendToQueue(queueArn, body, attributes, ruleArn) {
      const [, , , region = ''] = queueArn.split(':');
      const call = { action: 'sqs:SendMessage', resource: queueArn, region, operation: 'SendMessage' };
      iam.authorizeService('events.amazonaws.com', { ...call, context: sourceOf(ruleArn) });
      queues.send(queueArn, body, attributes);
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
