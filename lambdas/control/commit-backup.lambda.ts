import { CommitBackupEvent, METRICS } from '@tanker/contract/index.ts';
import { commitBackup } from '../../core/control/commit-backup.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler, MetricUnit, metrics } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** The commit point of a backup: the unlock, if the grant was unbroken. Publishes how long the lock lasted. */
export const handler = controlHandler(
  CommitBackupEvent,
  async ({ grant, ...actor }) => {
    const { lockedSeconds, ...answer } = await commitBackup(ports, actor, grant);
    if (lockedSeconds !== null) metrics.addMetric(METRICS.lockWindow, MetricUnit.Seconds, lockedSeconds);
    return answer;
  },
  { phase: 'unlock' },
);
