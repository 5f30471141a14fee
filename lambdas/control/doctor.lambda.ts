import { ControlDoctorEvent } from '@tanker/contract/index.ts';
import { examineGateway, examineTable } from '../../core/doctor.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const { tasks, now } = controlPorts();
const authority = operatorAuthority();

/** A person calls it: whether the control functions reach the gateway and the table. */
export const handler = controlHandler(ControlDoctorEvent, ({ ask }) =>
  ask === 'gateway' ? examineGateway(authority, now) : examineTable(tasks, now),
);
