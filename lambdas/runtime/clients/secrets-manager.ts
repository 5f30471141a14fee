import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientOptions, perRegion } from './options.ts';

export const secretsClient = perRegion((region) => new SecretsManagerClient(clientOptions(region)));
