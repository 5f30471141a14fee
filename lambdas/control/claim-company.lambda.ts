import { ClaimCompanyEvent } from '@tanker/contract/index.ts';
import { claimCompany } from '../../core/control/claim-company.ts';
import { controlPorts, operatorAuthority } from '../runtime/control-ports.ts';
import { controlHandler } from '../runtime/middleware.ts';

const ports = { ...controlPorts(), authority: operatorAuthority() };

/** A recovery takes a new epoch and claims the company at the authority. */
export const handler = controlHandler(ClaimCompanyEvent, (event) => claimCompany(ports, event), {
  phase: 'claim',
});
