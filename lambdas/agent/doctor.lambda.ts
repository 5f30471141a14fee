import { AgentDoctorEvent, AgentEnvironment, NOBODY, TankerError } from '@tanker/contract/index.ts';
import { examineGateway, examineProvider, examineTopology } from '../../core/doctor.ts';
import { readEnvironment } from '../runtime/environment.ts';
import { gatewayPeer, httpAuthority } from '../runtime/http-authority.ts';
import { httpProvider } from '../runtime/http-provider.ts';
import { controlHandler } from '../runtime/middleware.ts';
import { bearerSecret } from '../runtime/secrets.ts';
import { datacenterOf, loadTopology, providerOf } from '../runtime/topology.ts';

const now = () => new Date();

/** A person calls it: whether this datacenter's agents reach a provider or the gateway, and which topology they have. */
export const handler = controlHandler(AgentDoctorEvent, (event) => {
  const { DATACENTER } = readEnvironment(AgentEnvironment);
  const topology = loadTopology();
  const { region } = datacenterOf(topology, DATACENTER);
  if (event.ask === 'topology') return examineTopology(topology, now);
  if (event.ask === 'gateway')
    return examineGateway(httpAuthority(gatewayPeer(topology, 'reader', region)), now);
  if (event.location.datacenter !== DATACENTER) {
    throw new TankerError('InputInvalid', {
      what: `The doctor of ${DATACENTER} was asked about ${event.location.datacenter}.`,
      now: 'The function did nothing.',
      next: "Ask that datacenter's own doctor.",
    });
  }
  const provider = providerOf(topology, event.provider);
  const bearer = bearerSecret(region, provider.secret);
  return examineProvider(httpProvider({ provider, location: event.location, company: NOBODY, bearer }), now);
});
