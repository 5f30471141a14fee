import { originOf } from '../asl/token-book.ts';
import type { Parameters } from './parameters.ts';

/**
 * The ARN that an operation's right is asked for. Source: Service Authorization Reference, "AWS Step Functions".
 * It lists none for SendTask*; AWS asks for the state machine that gave the token out, as its refusals say and as the
 * CDK's grantTaskResponse grants.
 */
export function resourceOf(operation: string, parameters: Parameters): string {
  if (operation.startsWith('SendTask')) {
    return originOf(parameters.optionalText('taskToken') ?? '')?.stateMachineArn ?? '*';
  }
  return parameters.optionalText('executionArn') ?? parameters.optionalText('stateMachineArn') ?? '*';
}
