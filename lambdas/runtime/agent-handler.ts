import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Action,
  AgentEnvironment,
  AgentEvent,
  exportsBucketName,
  formatLocation,
  keys,
  type Location,
  TankerError,
  type Topology,
  tableName,
} from '@tanker/contract/index.ts';
import type { Clock } from '../../core/agent/clock.ts';
import type { AgentPorts, EventOf, Procedure } from '../../core/agent/procedure.ts';
import { runWorker, type WorkerEnd } from '../../core/agent/worker.ts';
import { documentClient } from './clients/dynamodb.ts';
import { s3Client } from './clients/s3.ts';
import { statesClient } from './clients/step-functions.ts';
import { dynamoWorkerSubtask } from './dynamo-worker-subtask.ts';
import { readEnvironment } from './environment.ts';
import { errorFields } from './error-fields.ts';
import { gatewayPeer, httpAuthority } from './http-authority.ts';
import { httpProvider } from './http-provider.ts';
import { controlHandler, type Scope, type ThinHandler } from './middleware.ts';
import { s3Exports } from './s3-exports.ts';
import { bearerSecret } from './secrets.ts';
import { stepFunctionsToken } from './step-functions-token.ts';
import { datacenterOf, loadTopology, providerOf } from './topology.ts';

const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
};

/** The handler of one action's agent: it makes the ports of the event's location and runs a worker on them. */
export function agentHandler<A extends Action>(
  action: A,
  procedure: Procedure<A>,
): ThinHandler<{ end: WorkerEnd }> {
  return controlHandler(AgentEvent, async (event, scope) => {
    const { DATACENTER } = readEnvironment(AgentEnvironment);
    const topology = loadTopology();
    expectOwn(event, action, DATACENTER);
    const own = event as EventOf<A>;
    const worker = randomUUID();
    scope.logger.appendKeys({ worker });
    const end = await runWorker(
      {
        event: own,
        ports: agentPorts(topology, own),
        subtask: dynamoWorkerSubtask({
          client: documentClient(topology.controlRegion),
          table: tableName(topology),
          key: keys.subtask(own),
          attempt: own.attempt,
          worker,
          recordDays: topology.retention.recordDays,
        }),
        token: stepFunctionsToken(statesClient(topology.controlRegion), own.token),
        clock,
        remainingMilliseconds: scope.context.getRemainingTimeInMillis(),
        ...logTo(scope),
      },
      procedure,
    );
    scope.logger.info('The worker ended.', { end });
    return { end };
  });
}

const logTo = ({ logger }: Scope) => ({
  log: (message: string, fields: Readonly<Record<string, unknown>> = {}) => logger.info(message, fields),
  logError: (message: string, error: unknown) => logger.error(message, errorFields(error)),
});

function agentPorts(
  topology: Topology,
  { provider, company, location }: { provider: string; company: string; location: Location },
): AgentPorts {
  const { region, name } = datacenterOf(topology, location.datacenter);
  const at = providerOf(topology, provider);
  const bucket = exportsBucketName(topology, name);
  return {
    provider: httpProvider({ provider: at, location, company, bearer: bearerSecret(region, at.secret) }),
    authority: httpAuthority(gatewayPeer(topology, 'reader', region)),
    bucket: { bucket, region, exports: s3Exports(s3Client(region), bucket) },
    exportsAt: (reference) => s3Exports(s3Client(reference.region), reference.bucket),
  };
}

/** An event for another function or datacenter is a mistake of its sender; it is not worked on. */
function expectOwn(event: AgentEvent, action: Action, datacenter: string): void {
  if (event.action === action && event.location.datacenter === datacenter) return;
  throw new TankerError('InputInvalid', {
    what: `The ${action} agent of ${datacenter} got an event for ${event.action} at ${formatLocation(event.location)}.`,
    now: 'The function did nothing.',
    next: 'Deploy every stack from the same topology and version.',
  });
}
