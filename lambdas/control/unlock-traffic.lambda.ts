import { ActorEvent, METRICS } from '@tanker/contract/index.ts';
import { unlockTraffic } from '../../core/control/lock-traffic.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler, MetricUnit, metrics } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Ends the company's traffic lock, and publishes how long it lasted. */
export const handler = controlHandler(
  ActorEvent,
  async (event) => {
    const { lockedSeconds, ...answer } = await unlockTraffic(ports, event);
    if (lockedSeconds !== null) metrics.addMetric(METRICS.lockWindow, MetricUnit.Seconds, lockedSeconds);
    return answer;
  },
  { phase: 'unlock' },
);
