import { ActorEvent, METRICS } from '@tanker/contract/index.ts';
import { verifyErased } from '../../core/control/verify-erased.ts';
import { controlPorts } from '../runtime/control-ports.ts';
import { controlHandler, MetricUnit, metrics } from '../runtime/middleware.ts';

const ports = controlPorts();

/** Nothing is left at the target, or a debt is on record, and counted. */
export const handler = controlHandler(
  ActorEvent,
  async (actor) => {
    const result = await verifyErased(ports, actor);
    if (result.debts.length > 0) metrics.addMetric(METRICS.debts, MetricUnit.Count, result.debts.length);
    return result;
  },
  { phase: 'verify-erased' },
);
