import { SFNClient } from '@aws-sdk/client-sfn';
import { clientOptions, perRegion } from './options.ts';

/** A task token means something only in the region of its state machine. */
export const statesClient = perRegion((region) => new SFNClient(clientOptions(region)));
