import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from '@jest/globals';
import { AgentEnvironment } from '@tanker/contract/index.ts';
import { mockClient } from 'aws-sdk-client-mock';
import { readEnvironment } from '../../lambdas/runtime/environment.ts';
import { bearerSecret } from '../../lambdas/runtime/secrets.ts';
import { datacenterOf, providerOf } from '../../lambdas/runtime/topology.ts';
import { testTopology } from '../control/control-world.ts';

const SET = {
  TOPOLOGY_FILE: 'topology.json',
  POWERTOOLS_SERVICE_NAME: 'tanker',
  POWERTOOLS_METRICS_NAMESPACE: 'Tanker',
};

describe('the environment', () => {
  test('is read by its schema', () => {
    expect(readEnvironment(AgentEnvironment, { ...SET, DATACENTER: 'eu' })).toEqual({
      ...SET,
      DATACENTER: 'eu',
    });
  });

  test('names what is missing or malformed, and never a value', () => {
    const read = () =>
      readEnvironment(AgentEnvironment, { ...SET, TOPOLOGY_FILE: undefined, DATACENTER: 'E U' });
    expect(read).toThrow(/TOPOLOGY_FILE \(missing\), DATACENTER \(malformed\)/);
    expect(read).not.toThrow(/E U/);
  });
});

describe('the topology', () => {
  test('tells a datacenter or provider that it does not have by name', () => {
    expect(datacenterOf(testTopology(), 'eu').region).toBe('eu-central-1');
    expect(() => datacenterOf(testTopology(), 'mars')).toThrow(/no datacenter "mars"/);
    expect(() => providerOf(testTopology(), 'mars')).toThrow(/no provider "mars"/);
  });
});

describe('a bearer secret', () => {
  const mock = mockClient(SecretsManagerClient);

  test('is read once, and once more for all who were refused with it', async () => {
    mock.on(GetSecretValueCommand).resolvesOnce({ SecretString: 'old' }).resolves({ SecretString: ' new\n' });
    const bearer = bearerSecret('eu-west-1', 'contacts');
    await expect(Promise.all([bearer.token(), bearer.token()])).resolves.toEqual(['old', 'old']);
    await expect(Promise.all([bearer.renew('old'), bearer.renew('old')])).resolves.toEqual(['new', 'new']);
    await expect(bearer.renew('old')).resolves.toBe('new');
    expect(mock.commandCalls(GetSecretValueCommand)).toHaveLength(2);
  });

  test('is read again after a failure', async () => {
    mock.reset();
    mock.on(GetSecretValueCommand).rejectsOnce(new Error('throttled')).resolves({ SecretString: 'token' });
    const bearer = bearerSecret('eu-west-1', 'deals');
    await expect(bearer.token()).rejects.toThrow('throttled');
    await expect(bearer.token()).resolves.toBe('token');
  });
});
