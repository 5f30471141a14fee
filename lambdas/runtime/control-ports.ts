import { ControlEnvironment } from '@tanker/contract/index.ts';
import type { Authority } from '../../core/ports.ts';
import { DynamoClaims } from './dynamo-claims.ts';
import { DynamoBackups, DynamoFallbacks, DynamoLedger } from './dynamo-company-records.ts';
import { DynamoDebts, DynamoDueDates, DynamoLog } from './dynamo-evidence.ts';
import { recordTable } from './dynamo-record.ts';
import { DynamoSubtasks } from './dynamo-subtasks.ts';
import { DynamoTasks } from './dynamo-tasks.ts';
import { DynamoWorkers } from './dynamo-workers.ts';
import { readEnvironment } from './environment.ts';
import { gatewayPeer, httpAuthority } from './http-authority.ts';
import { loadTopology } from './topology.ts';

/** The table behind core's ports, for every control function. */
export function controlPorts() {
  readEnvironment(ControlEnvironment);
  const topology = loadTopology();
  const table = recordTable(topology);
  const now = () => new Date();
  const { recordDays } = topology.retention;
  const subtasks = new DynamoSubtasks(table, now, recordDays);
  return {
    topology,
    now,
    claims: new DynamoClaims(table, now),
    tasks: new DynamoTasks(table, now, recordDays),
    subtasks,
    dispatches: subtasks,
    workers: new DynamoWorkers(table, now, recordDays),
    debts: new DynamoDebts(table),
    dueDates: new DynamoDueDates(table),
    fallbacks: new DynamoFallbacks(table, now),
    backups: new DynamoBackups(table),
    ledger: new DynamoLedger(table),
    log: new DynamoLog(table, now, recordDays),
  };
}

/** The gateway with the operator's rights, for the control functions that change the authority record. */
export function operatorAuthority(): Authority {
  const topology = loadTopology();
  return httpAuthority(gatewayPeer(topology, 'operator', topology.controlRegion));
}
