import { eventBusName } from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import type { CloudEvent } from '../../local/events/rules.ts';

/** Everything that is put onto the installation's bus from now on. */
export function listenToBus({ cloud, topology }: Stage): readonly CloudEvent[] {
  const heard: CloudEvent[] = [];
  cloud.events.listen(topology.controlRegion, eventBusName(topology), (event) => void heard.push(event));
  return heard;
}
