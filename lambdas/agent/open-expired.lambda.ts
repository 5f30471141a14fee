import { AgentEnvironment, METRICS, ScheduledEvent, type Topology } from '@tanker/contract/index.ts';
import { Departed, openExpired, type ProviderSite } from '../../core/agent/open-expired.ts';
import { readEnvironment } from '../runtime/environment.ts';
import { errorFields } from '../runtime/error-fields.ts';
import { gatewayPeer, httpAuthority } from '../runtime/http-authority.ts';
import { httpClosedCompanies } from '../runtime/http-provider.ts';
import { controlHandler, MetricUnit, metrics } from '../runtime/middleware.ts';
import { bearerSecret } from '../runtime/secrets.ts';
import { datacenterOf, loadTopology } from '../runtime/topology.ts';

/** Kept for the life of the execution environment; a new one asks the authority about every closing once. */
const departed = new Departed();

/** What is left of the function's time for its answer. */
const RESERVE_MS = 2000;

function sitesOf(topology: Topology, name: string): ProviderSite[] {
  const { region, servers } = datacenterOf(topology, name);
  return servers.flatMap((server) =>
    topology.providers.map((provider) => {
      const location = { datacenter: name, server };
      const bearer = bearerSecret(region, provider.secret);
      return {
        name: provider.name,
        location,
        companies: httpClosedCompanies({ provider, location, bearer }),
      };
    }),
  );
}

/** Called by the datacenter's own schedule: opens what a dead lock has left closed though it still lives here. */
export const handler = controlHandler(ScheduledEvent, async (_event, { logger, context }) => {
  const { DATACENTER } = readEnvironment(AgentEnvironment);
  const topology = loadTopology();
  const { region } = datacenterOf(topology, DATACENTER);
  const result = await openExpired({
    sites: sitesOf(topology, DATACENTER),
    authority: httpAuthority(gatewayPeer(topology, 'reader', region)),
    departed,
    signal: AbortSignal.timeout(Math.max(1, context.getRemainingTimeInMillis() - RESERVE_MS)),
    log: (message, fields) => logger.info(message, { ...fields }),
    logError: (message, error) => logger.error(message, errorFields(error)),
  });
  metrics.addMetric('CompaniesOpened', MetricUnit.Count, result.opened);
  metrics.addMetric(METRICS.openFailures, MetricUnit.Count, result.failed);
  return result;
});
