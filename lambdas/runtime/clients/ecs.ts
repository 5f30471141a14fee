import { ECSClient } from '@aws-sdk/client-ecs';
import { clientOptions, perRegion } from './options.ts';

export const ecsClient = perRegion((region) => new ECSClient(clientOptions(region)));
