import { PlanTaskEvent } from '@tanker/contract/index.ts';
import { planTask } from '../../core/control/plan-task.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** Refuses, or fixes the plan and takes the company: in the table, then at the authority. */
export const handler = controlHandler(PlanTaskEvent, (event) => planTask(ports, event), { phase: 'plan' });
