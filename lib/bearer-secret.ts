import type { Topology } from '@tanker/contract/topology.ts';
import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledgeBearerSecret } from './acknowledgements.ts';
import { SECRET_TAG, type SecretKind } from './tags.ts';

/**
 * A bearer token that both ends know. It starts with a random value; whoever runs the other end puts it there, or puts
 * a token of their own in here. It outlives the stack: a task that is under way could not be finished without it. Only a
 * first deployment that is rolled back takes it along. Its tag says who may read it.
 */
export class BearerSecret extends Secret {
  constructor(scope: Construct, secretName: string, kind: SecretKind, description: string) {
    super(scope, `Secret ${secretName}`, {
      secretName,
      description,
      generateSecretString: { excludePunctuation: true, passwordLength: 43 },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Tags.of(this).add(SECRET_TAG, kind);
    acknowledgeBearerSecret(this);
  }
}

/** The secrets that the agents of a region read, by name: of what kind each is, and what it says of itself. */
export const agentSecrets = (topology: Topology): ReadonlyMap<string, readonly [SecretKind, string]> =>
  new Map<string, readonly [SecretKind, string]>([
    ...topology.providers.map(
      ({ name, secret }) => [secret, ['provider', `Bearer token of the provider ${name}`]] as const,
    ),
    [topology.gateway.readerSecret, ['reader', 'Bearer token that may only read at the gateway']],
  ]);
