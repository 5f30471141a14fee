import type { Location } from '@tanker/contract/index.ts';
import type { ProviderCall, ProviderImplementation } from '@tanker/sdk/index.ts';
import { unknownLocation } from './refusals.ts';

/** A provider's part of one datacenter, as every kind of provider is configured. */
interface Served {
  readonly name: string;
  readonly datacenter: string;
  readonly servers: Readonly<Record<string, unknown>>;
}

/** The operations of a provider, each told the site of its call's location. */
export type SiteOperations<S> = {
  readonly [O in keyof ProviderImplementation]: AtSite<S, ProviderImplementation[O]>;
};
type AtSite<S, F> = F extends (call: infer C, ...rest: infer R) => Promise<infer A>
  ? (site: S, call: C, ...rest: R) => A | Promise<A>
  : never;

/** The sites of one provider, one for each server of its datacenter. */
export class Sites<S> {
  readonly #served: Served;
  readonly #sites: Map<string, S>;

  constructor(served: Served, create: (server: string) => S) {
    this.#served = served;
    this.#sites = new Map(Object.keys(served.servers).map((server) => [server, create(server)]));
  }

  /** @throws ResourceUnknown for a location that is not this provider's */
  at(location: Location): S {
    const { name, datacenter } = this.#served;
    const site = location.datacenter === datacenter ? this.#sites.get(location.server) : undefined;
    if (site === undefined) throw unknownLocation(name, location);
    return site;
  }

  /** The site on a server of the provider's datacenter. @throws ResourceUnknown */
  on(server: string): S {
    return this.at({ datacenter: this.#served.datacenter, server });
  }

  /** Takes every site off: calls that come later find none. */
  close(): S[] {
    const all = [...this.#sites.values()];
    this.#sites.clear();
    return all;
  }

  /** For `serveProvider`: each operation works at the site of its call. */
  implement(operations: SiteOperations<S>): ProviderImplementation {
    const bound = Object.entries(operations).map(([name, operation]) => {
      const atSite = operation as (site: S, call: ProviderCall, ...rest: unknown[]) => unknown;
      return [
        name,
        async (call: ProviderCall, ...rest: unknown[]) => atSite(this.at(call.location), call, ...rest),
      ];
    });
    return Object.fromEntries(bound) as ProviderImplementation;
  }
}
