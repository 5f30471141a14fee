import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE, eventBusName, PHASE_EVENT_TYPE, type Topology } from '@tanker/contract/index.ts';
import type { EventBus } from '../../core/ports.ts';

/** The installation's own bus in the control region. */
export function eventBridgeBus(client: EventBridgeClient, topology: Topology): EventBus {
  const EventBusName = eventBusName(topology);
  return {
    async put(events) {
      const { Entries = [] } = await client.send(
        new PutEventsCommand({
          Entries: events.map((event) => ({
            EventBusName,
            Source: EVENT_SOURCE,
            DetailType: PHASE_EVENT_TYPE,
            Time: new Date(event.at),
            Detail: JSON.stringify(event),
          })),
        }),
      );
      // An answer of 200 may hold refusals, in the places of the entries that they refuse.
      return Entries.flatMap(({ EventId, ErrorCode = 'InternalFailure' }, index) =>
        EventId === undefined ? [{ index, code: ErrorCode }] : [],
      );
    },
  };
}
