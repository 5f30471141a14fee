import { createHash } from 'node:crypto';
import type { FaultPort } from '../faults.ts';
import { type JsonCall, type JsonObject, JsonServiceError } from '../json-protocol.ts';
import type { Catalog } from './catalog.ts';
import type { TaskDefinition } from './definition.ts';
import { readRunRequest } from './run-request.ts';
import { describeTask } from './task.ts';
import type { Tasks } from './tasks.ts';

/** Asks the caller's policies; `context` holds the condition keys that the call fills. */
export type Permit = (
  call: JsonCall,
  right: { action: string; resource: string; context: Readonly<Record<string, string>> },
  requestId: string,
) => Promise<void>;

export interface RunTaskPorts {
  readonly accountId: string;
  readonly catalog: Catalog;
  readonly tasks: Tasks;
  readonly permit: Permit;
  readonly fault?: FaultPort;
  /** Whether a call for so many tasks in the region has to be refused for now; never when absent. */
  throttled?(region: string, tasks: number): boolean;
}

interface Remembered {
  readonly request: string;
  readonly answer: JsonObject;
}

/** RunTask: 200 also when nothing was started, with the reasons in `failures`. */
export function createRunTask(ports: RunTaskPorts) {
  const remembered = new Map<string, Remembered>();
  return async (call: JsonCall, requestId: string): Promise<JsonObject> => {
    const { region, input } = call;
    const cluster = ports.catalog.clusterOf(call, requestId);
    const definition = ports.catalog.definitionOf(call, requestId);
    const context = { 'ecs:cluster': cluster.arn };
    await ports.permit(call, { action: 'ecs:RunTask', resource: definition.arn, context }, requestId);
    await permitRoles(ports.permit, call, definition, requestId);
    const { clientToken, count, ...given } = readRunRequest(input, definition, requestId);
    const key = clientToken === undefined ? undefined : `${region} ${cluster.name} ${clientToken}`;
    const request = createHash('sha256').update(JSON.stringify(input)).digest('hex');
    const known = key === undefined ? undefined : remembered.get(key);
    if (known?.request === request) return known.answer;
    if (known) {
      const message = 'The clientToken was used with other parameters.';
      throw new JsonServiceError('ConflictException', message, requestId);
    }
    if (ports.throttled?.(region, count))
      throw new JsonServiceError('ThrottlingException', 'Rate exceeded', requestId);
    const failure = failureOf(ports.fault, call, definition, requestId);
    if (failure) return { tasks: [], failures: [failure] };
    const order = { region, account: ports.accountId, cluster, definition, ...given };
    const started = Array.from({ length: count }, () => ports.tasks.run(order));
    const answer = { tasks: started.map(describeTask), failures: [] };
    if (key !== undefined) remembered.set(key, { request, answer });
    return answer;
  };
}

/** Who starts a task must be allowed to hand over its roles. Source: IAM, "Grant a user permissions to pass a role". */
async function permitRoles(
  permit: Permit,
  call: JsonCall,
  { taskRoleArn, executionRoleArn }: TaskDefinition,
  requestId: string,
): Promise<void> {
  const context = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };
  for (const resource of new Set([taskRoleArn, executionRoleArn])) {
    if (resource !== undefined) await permit(call, { action: 'iam:PassRole', resource, context }, requestId);
  }
}

/** An injected error: of the API with a status code, else one of the failures in a 200. */
function failureOf(
  fault: FaultPort | undefined,
  { region, input }: JsonCall,
  definition: TaskDefinition,
  requestId: string,
): JsonObject | undefined {
  const effect = fault?.({ service: 'ecs', region, operation: 'RunTask', payload: input }, ['error']);
  if (effect?.kind !== 'error') return undefined;
  const { errorType, errorMessage, statusCode } = effect;
  if (statusCode === undefined) return { arn: definition.arn, reason: errorType, detail: errorMessage };
  throw new JsonServiceError(errorType, errorMessage, requestId, { status: statusCode });
}
