import { MACHINES, OPERATIONS } from '@tanker/contract/operations.ts';
import {
  alarmTopicName,
  CONTROL_FUNCTIONS,
  controlStackName,
  machineArn,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlarmTopic } from './alarm-topic.ts';
import { ControlAlarms } from './alarms.ts';
import { BearerSecret } from './bearer-secret.ts';
import type { Bundles } from './bundle.ts';
import { ControlFunction } from './control-function.ts';
import { addDashboard } from './dashboard.ts';
import { OperationMachine } from './operation-machine.ts';
import { PeoplePolicies } from './people-policies.ts';
import { PhaseEvents } from './phase-events.ts';
import { RatedRule, SWEEP_EVERY } from './rated-rule.ts';
import { RecordsTable } from './records-table.ts';
import { RecoveryRule } from './recovery-rule.ts';

/** The control region: what is true about tasks, what drives them, what picks them up when they fall, and who hears of them. */
export class ControlStack extends Stack {
  constructor(scope: Construct, topology: Topology, bundles: Bundles) {
    super(scope, controlStackName(topology), {
      stackName: controlStackName(topology),
      description: `Tanker ${topology.installation}: control region`,
      env: { account: topology.account, region: topology.controlRegion },
    });
    const table = new RecordsTable(this, topology);
    const operator = 'Bearer token of the operator at the gateway';
    new BearerSecret(this, topology.gateway.operatorSecret, 'operator', operator);
    const functions = Object.fromEntries(
      CONTROL_FUNCTIONS.map((name) => [name, new ControlFunction(this, name, topology, bundles)]),
    ) as Record<(typeof CONTROL_FUNCTIONS)[number], ControlFunction>;
    for (const machine of MACHINES) new OperationMachine(this, machine, topology);
    new RecoveryRule(
      this,
      topology,
      functions['start-recovery'],
      OPERATIONS.map((operation) => machineArn(topology, operation)),
    );
    new RatedRule(this, 'SweepRule', {
      name: `${topology.installation}-sweep`,
      description: 'Sweeps the open tasks and what has become due',
      every: SWEEP_EVERY,
      target: functions.sweep.function,
    });
    new PhaseEvents(this, topology, table, functions['publish-events']);
    new ControlAlarms(this, topology, new AlarmTopic(this, topology, alarmTopicName(topology)).topic);
    addDashboard(this, topology);
    new PeoplePolicies(this, topology);
  }
}
