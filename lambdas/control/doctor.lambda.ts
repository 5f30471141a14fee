import { ControlDoctorEvent } from '@tanker/contract/index.ts';
import { examineGateway, examineTable, examineTopology } from '../../core/doctor.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const { tasks, topology, now } = controlPorts();
const authority = operatorAuthority();

/** A person calls it: whether the control functions reach the gateway and the table, and which topology they have. */
export const handler = controlHandler(ControlDoctorEvent, ({ ask }) => {
  switch (ask) {
    case 'gateway':
      return examineGateway(authority, now);
    case 'table':
      return examineTable(tasks, now);
    case 'topology':
      return examineTopology(topology, now);
  }
});
