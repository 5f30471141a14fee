import { PlanMigrationEvent } from '@tanker/contract/index.ts';
import { planMigration } from '../../core/control/plan-migration.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Refuses, or fixes the plan and takes the company: in the table, then at the authority. */
export const handler = controlHandler(PlanMigrationEvent, (event) => planMigration(ports, event), {
  phase: 'plan',
});
