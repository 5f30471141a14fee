import type { RoleCall } from '../hooks.ts';

/** The call that brings a record to its destination, a function or a queue: the sender's role must be allowed it. */
export function deliveryCall(destination: string): RoleCall {
  const [, , service, region = ''] = destination.split(':');
  const [action, operation] =
    service === 'lambda' ? ['lambda:InvokeFunction', 'Invoke'] : ['sqs:SendMessage', 'SendMessage'];
  return { action, resource: destination, region, operation };
}
