import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../local/clock.ts';
import { AccessDenied } from '../../local/hooks.ts';
import { createIam } from '../../local/iam/iam.ts';
import { createSecrets, type EmbeddedSecrets } from '../../local/secrets/index.ts';
import { type Loopback, movableClock, serve } from './loopback.ts';

let loopback: Loopback;
let secrets: EmbeddedSecrets;
let client: SecretsManagerClient;
let elsewhere: SecretsManagerClient;
let denied = false;

beforeAll(async () => {
  secrets = createSecrets({
    clock: movableClock('2026-03-10T09:30:00Z'),
    accountId: '111122223333',
    authorize() {
      if (denied) throw new AccessDenied('no policy allows it');
    },
  });
  loopback = await serve(secrets.handle);
  const clientOf = (region: string) =>
    new SecretsManagerClient({
      region,
      endpoint: loopback.endpoint,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
      maxAttempts: 1,
    });
  client = clientOf('eu-central-1');
  elsewhere = clientOf('us-west-2');
});
afterAll(async () => {
  client.destroy();
  elsewhere.destroy();
  await loopback.close();
});

describe('Secrets Manager (AWS Secrets Manager API Reference)', () => {
  test('answers the value by name, by ARN and by ARN without suffix (GetSecretValue, SecretId)', async () => {
    const arn = secrets.putSecret({ region: 'eu-central-1', name: 'app/token', value: 'first' });
    expect(arn).toMatch(
      /^arn:aws:secretsmanager:eu-central-1:111122223333:secret:app\/token-[A-Za-z0-9]{6}$/,
    );
    for (const SecretId of ['app/token', arn, arn.slice(0, -7)]) {
      const answer = await client.send(new GetSecretValueCommand({ SecretId }));
      expect(answer).toMatchObject({ SecretString: 'first', ARN: arn, VersionStages: ['AWSCURRENT'] });
    }
    expect(secrets.putSecret({ region: 'eu-central-1', name: 'app/token', value: 'second' })).toBe(arn);
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    expect(SecretString).toBe('second');
  });

  test('another region knows nothing, and an earlier stage is gone (GetSecretValue, Errors)', async () => {
    const notFound = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 400 } };
    const get = new GetSecretValueCommand({ SecretId: 'app/token' });
    await expect(elsewhere.send(get)).rejects.toMatchObject(notFound);
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toMatchObject(
      notFound,
    );
    const previous = new GetSecretValueCommand({ SecretId: 'app/token', VersionStage: 'AWSPREVIOUS' });
    await expect(client.send(previous)).rejects.toMatchObject(notFound);
  });

  test('describes and lists without values (DescribeSecret, ListSecrets)', async () => {
    secrets.putSecret({ region: 'eu-central-1', name: 'b', value: 'x' });
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'b' }));
    expect(described.CreatedDate?.toISOString()).toBe('2026-03-10T09:30:00.000Z');
    const first = await client.send(new ListSecretsCommand({ MaxResults: 1 }));
    expect(first.SecretList?.map(({ Name }) => Name)).toEqual(['app/token']);
    const rest = await client.send(new ListSecretsCommand({ NextToken: first.NextToken }));
    expect(rest.SecretList?.map(({ Name }) => Name)).toEqual(['b']);
    expect(rest.NextToken).toBeUndefined();
  });

  test('are read by the tags of a secret where a policy asks for them, of no other (AWS Secrets Manager User Guide, ABAC)', async () => {
    const iam = createIam();
    const role = 'arn:aws:iam::111122223333:role/agent';
    iam.addRole(role);
    iam.addStatements(role, [
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:*',
        Condition: {
          StringEquals: { 'aws:ResourceTag/whose': 'ours', 'aws:ResourceTag/a:kind': ['one', 'two'] },
        },
      },
    ]);
    const { accessKeyId } = iam.credentialsFor(role);
    const own = createSecrets({ clock: systemClock, accountId: '111122223333', authorize: iam.authorize });
    const reads = async (tags?: Record<string, string>) => {
      const name = `tagged ${JSON.stringify(tags)}`;
      own.putSecret({ region: 'eu-central-1', name, value: 'x', ...(tags && { tags }) });
      const call = { operation: 'GetSecretValue', region: 'eu-central-1', input: { SecretId: name } };
      return own.call({ ...call, accessKeyId }).then(
        () => 'read',
        (error: Error) => error.name,
      );
    };
    expect(await reads({ whose: 'ours', 'a:kind': 'two' })).toBe('read');
    expect(await reads({ whose: 'ours', 'a:kind': 'three' })).toBe('AccessDeniedException');
    expect(await reads({ whose: 'theirs', 'a:kind': 'one' })).toBe('AccessDeniedException');
    expect(await reads()).toBe('AccessDeniedException');
  });

  test('refuses what the policy or this service does not allow', async () => {
    denied = true;
    const get = client.send(new GetSecretValueCommand({ SecretId: 'b' }));
    await expect(get).rejects.toMatchObject({ name: 'AccessDeniedException' });
    denied = false;
    const put = client.send(new PutSecretValueCommand({ SecretId: 'b', SecretString: 'y' }));
    await expect(put).rejects.toMatchObject({ message: expect.stringContaining('PutSecretValue') });
  });
});
