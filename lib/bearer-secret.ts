import type { Topology } from '@tanker/contract/topology.ts';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledgeBearerSecret } from './acknowledgements.ts';

/**
 * A bearer token that both ends know. It starts with a random value; whoever runs the other end puts it there, or puts
 * a token of their own in here. It outlives the stack: a task that is under way could not be finished without it. Only a
 * first deployment that is rolled back takes it along.
 */
export class BearerSecret extends Secret {
  constructor(scope: Construct, secretName: string, description: string) {
    super(scope, `Secret ${secretName}`, {
      secretName,
      description,
      generateSecretString: { excludePunctuation: true, passwordLength: 43 },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    acknowledgeBearerSecret(this);
  }
}

/** Names of the secrets that the agents of a region read, each with what it is. */
export const agentSecrets = (topology: Topology): ReadonlyMap<string, string> =>
  new Map([
    ...topology.providers.map(
      ({ name, secret }) => [secret, `Bearer token of the provider ${name}`] as const,
    ),
    [topology.gateway.readerSecret, 'Bearer token that may only read at the gateway'],
  ]);
