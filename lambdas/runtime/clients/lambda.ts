import { LambdaClient } from '@aws-sdk/client-lambda';
import { clientOptions, INVOKE_TIMEOUT_MS, perRegion } from './options.ts';

export const lambdaClient = perRegion((region) => new LambdaClient(clientOptions(region, INVOKE_TIMEOUT_MS)));
