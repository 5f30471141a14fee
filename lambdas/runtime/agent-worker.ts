import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Action,
  exportsBucketName,
  keys,
  type Location,
  type Topology,
  tableName,
} from '@tanker/contract/index.ts';
import type { Clock } from '../../core/agent/clock.ts';
import type { AgentPorts, EventOf } from '../../core/agent/procedure.ts';
import type { Worker } from '../../core/agent/worker.ts';
import { documentClient } from './clients/dynamodb.ts';
import { s3Client } from './clients/s3.ts';
import { statesClient } from './clients/step-functions.ts';
import { dynamoWorkerSubtask } from './dynamo-worker-subtask.ts';
import { errorFields } from './error-fields.ts';
import { gatewayPeer, httpAuthority } from './http-authority.ts';
import { httpProvider } from './http-provider.ts';
import { s3Exports } from './s3-exports.ts';
import { bearerSecret } from './secrets.ts';
import { stepFunctionsToken } from './step-functions-token.ts';
import { datacenterOf, providerOf } from './topology.ts';

export const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
};

export interface Run {
  /** One run of an agent: two deliveries of one attempt are two workers. */
  readonly worker: string;
  readonly remainingMilliseconds: number;
  readonly logger: {
    info(message: string, fields: Readonly<Record<string, unknown>>): void;
    error(message: string, fields: Readonly<Record<string, unknown>>): void;
  };
}

/** Core's worker for an event on the ports of its location, whether a function or a Fargate task runs it. */
export function agentWorker<A extends Action>(topology: Topology, event: EventOf<A>, run: Run): Worker<A> {
  const { logger, worker, remainingMilliseconds } = run;
  return {
    event,
    ports: agentPorts(topology, event),
    subtask: dynamoWorkerSubtask({
      client: documentClient(topology.controlRegion),
      table: tableName(topology),
      key: keys.subtask(event),
      attempt: event.attempt,
      worker,
      recordDays: topology.retention.recordDays,
    }),
    token: stepFunctionsToken(statesClient(topology.controlRegion), event.token),
    clock,
    remainingMilliseconds,
    log: (message, fields = {}) => logger.info(message, fields),
    logError: (message, error) => logger.error(message, errorFields(error)),
  };
}

/** What an agent reaches at one location for one company. */
export function agentPorts(
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
