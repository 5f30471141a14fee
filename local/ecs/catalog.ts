import { type JsonCall, JsonServiceError } from '../json-protocol.ts';
import type { ClusterDefinition, TaskDefinition } from './definition.ts';

/** The clusters and task definitions of all regions; a call finds those of its own region only. */
export class Catalog {
  readonly #clusters = new Map<string, ClusterDefinition>();
  readonly #definitions = new Map<string, TaskDefinition>();

  addCluster(region: string, cluster: ClusterDefinition): void {
    for (const name of [cluster.name, cluster.arn]) this.#clusters.set(`${region} ${name}`, cluster);
  }

  addTaskDefinition(region: string, definition: TaskDefinition): void {
    const { family, arn } = definition;
    const revision = arn.slice(arn.lastIndexOf('/') + 1);
    const latest = arn.slice(0, arn.lastIndexOf(':'));
    for (const name of [family, revision, arn, latest])
      this.#definitions.set(`${region} ${name}`, definition);
  }

  taskDefinitions(): readonly TaskDefinition[] {
    return [...new Set(this.#definitions.values())];
  }

  clusterOf({ region, input }: JsonCall, requestId: string): ClusterDefinition {
    const found = this.#clusters.get(`${region} ${input['cluster'] ?? 'default'}`);
    if (found) return found;
    throw new JsonServiceError('ClusterNotFoundException', 'Cluster not found.', requestId);
  }

  definitionOf({ region, input }: JsonCall, requestId: string): TaskDefinition {
    const found = this.#definitions.get(`${region} ${input['taskDefinition']}`);
    if (found) return found;
    throw new JsonServiceError('ClientException', 'TaskDefinition not found.', requestId);
  }
}
