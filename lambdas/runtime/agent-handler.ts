import { randomUUID } from 'node:crypto';
import {
  type Action,
  AgentEnvironment,
  AgentEvent,
  formatLocation,
  TankerError,
} from '@tanker/contract/index.ts';
import type { EventOf, Procedure } from '../../core/agent/procedure.ts';
import { runWorker, type WorkerEnd } from '../../core/agent/worker.ts';
import { agentWorker } from './agent-worker.ts';
import { readEnvironment } from './environment.ts';
import { controlHandler, type ThinHandler } from './middleware.ts';
import { loadTopology } from './topology.ts';

/** The handler of one action's agent: it makes the ports of the event's location and runs a worker on them. */
export function agentHandler<A extends Action>(
  action: A,
  procedure: Procedure<A>,
): ThinHandler<{ end: WorkerEnd }> {
  return controlHandler(AgentEvent, async (event, scope) => {
    const { DATACENTER } = readEnvironment(AgentEnvironment);
    expectOwn(event, action, DATACENTER);
    const worker = randomUUID();
    scope.logger.appendKeys({ worker });
    const own = event as EventOf<A>;
    const remainingMilliseconds = scope.context.getRemainingTimeInMillis();
    const run = { worker, remainingMilliseconds, logger: scope.logger };
    const end = await runWorker(agentWorker(loadTopology(), own, run), procedure);
    scope.logger.info('The worker ended.', { end });
    return { end };
  });
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
