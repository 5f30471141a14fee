import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { clientOptions, perRegion } from './options.ts';

export const eventBridgeClient = perRegion((region) => new EventBridgeClient(clientOptions(region)));
