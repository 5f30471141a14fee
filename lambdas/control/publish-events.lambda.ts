import { publishEvents } from '../../core/control/publish-events.ts';
import { eventBridgeClient } from '../runtime/clients/eventbridge.ts';
import { errorFields } from '../runtime/error-fields.ts';
import { eventBridgeBus } from '../runtime/event-bridge-bus.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { changesOf, TaskStreamEvent } from '../runtime/task-stream.ts';
import { loadTopology } from '../runtime/topology.ts';

const topology = loadTopology();
const bus = eventBridgeBus(eventBridgeClient(topology.controlRegion), topology);

/**
 * Called with writes of tasks' records in the order of the table's stream: tells the bus of each change of phase. Answers
 * from which record on Lambda has to call again. A batch that can't be read fails whole, and Lambda halves it until the
 * record stands alone.
 */
export const handler = controlHandler(TaskStreamEvent, async (batch, { logger }) => {
  const { events, stoppedAt } = await publishEvents(bus, changesOf(batch));
  logger.info('Published.', { events: events.map(({ task, phase, state }) => ({ task, phase, state })) });
  if (stoppedAt === undefined) return { batchItemFailures: [] };
  const { sequence, why } = stoppedAt;
  logger.error('The bus did not take an event.', {
    sequence,
    ...(why instanceof Error ? errorFields(why) : { error: why }),
  });
  return { batchItemFailures: [{ itemIdentifier: sequence }] };
});
