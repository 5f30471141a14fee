import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { isAccessDenied, type ServiceHooks } from '../hooks.ts';
import { createJsonHandler, type JsonCall, type JsonObject, JsonServiceError } from '../json-protocol.ts';
import type { WireHandler } from '../wire.ts';

export interface SecretsOptions extends ServiceHooks {
  readonly clock: Clock;
  /** Twelve digits, in ARNs. */
  readonly accountId: string;
}

export interface EmbeddedSecrets {
  readonly handle: WireHandler;
  /**
   * Makes the secret, or gives it a new value; answers its ARN, which stays the same. `arn` is the one that a template
   * already told others; a random suffix ends it when absent. @throws SecretTooLarge
   */
  putSecret(secret: {
    readonly region: string;
    readonly name: string;
    readonly value: string;
    readonly arn?: string;
    /** Conditions of policies may ask for them (aws:ResourceTag). A new value leaves them as they are. */
    readonly tags?: Tags;
  }): string;
  /** Answers the operation's output. @throws JsonServiceError with name, message and requestId */
  call(call: JsonCall): Promise<JsonObject>;
}

type Tags = Readonly<Record<string, string>>;

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly tags: Tags;
  readonly created: number;
  changed: number;
  value: string;
  versionId: string;
}

/** Largest secret: 65,536 bytes. Source: AWS Secrets Manager quotas, "Secret value size". */
const SECRET_LIMIT_BYTES = 65_536;

/** A secret as JSON text, and what is around it. */
const LARGEST_REQUEST_BYTES = 128 * 1024;

/** Source: AWS Secrets Manager API Reference, "ListSecrets", MaxResults. */
const LARGEST_PAGE = 100;

const SUFFIX_LENGTH = 6;
const SUFFIX_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The only version of a secret here: earlier values are forgotten when a new one is put. */
const CURRENT = 'AWSCURRENT';

/** The value is not in the message. */
export class SecretTooLarge extends Error {
  override readonly name = 'SecretTooLarge';

  constructor(secret: string, bytes: number) {
    super(`The secret ${secret} has ${bytes} bytes; Secrets Manager keeps at most ${SECRET_LIMIT_BYTES}.`);
  }
}

/** A Secrets Manager of all regions; each knows only its own secrets. Values never appear in its errors. */
export function createSecrets(options: SecretsOptions): EmbeddedSecrets {
  const regions = new Map<string, Map<string, Secret>>();
  const call = async (given: JsonCall, requestId: string = randomUUID()): Promise<JsonObject> => {
    const secrets = regions.get(given.region) ?? new Map<string, Secret>();
    const run = OPERATIONS[given.operation];
    if (!run) {
      const message = `The embedded Secrets Manager does not implement ${given.operation}; secrets come from its owner.`;
      throw new JsonServiceError('UnknownOperationException', message, requestId);
    }
    await permit(options, given, secrets, requestId);
    return run(secrets, given.input, requestId);
  };
  return {
    call: (given) => call(given),
    putSecret({ region, name, value, arn: given, tags = {} }) {
      if (Buffer.byteLength(value) > SECRET_LIMIT_BYTES)
        throw new SecretTooLarge(name, Buffer.byteLength(value));
      const secrets = regions.get(region) ?? new Map<string, Secret>();
      regions.set(region, secrets);
      const now = options.clock.now();
      const known = secrets.get(name);
      if (known) {
        Object.assign(known, { value, changed: now, versionId: randomUUID() });
        return known.arn;
      }
      const prefix = `arn:aws:secretsmanager:${region}:${options.accountId}:secret:`;
      const arn = given ?? `${prefix}${name}-${newSuffix()}`;
      secrets.set(name, { name, arn, tags, created: now, changed: now, value, versionId: randomUUID() });
      return arn;
    },
    handle: createJsonHandler({
      target: 'secretsmanager',
      contentType: 'application/x-amz-json-1.1',
      errorPrefix: '',
      largestRequestBytes: LARGEST_REQUEST_BYTES,
      newRequestId: randomUUID,
      run: call,
    }),
  };
}

/** Six random characters end a secret's ARN. Source: AWS Secrets Manager API Reference, "CreateSecret", Name. */
function newSuffix(): string {
  return Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join(
    '',
  );
}

type Operation = (secrets: ReadonlyMap<string, Secret>, input: JsonObject, requestId: string) => JsonObject;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetSecretValue(secrets, input, requestId) {
    refuseMembers(input, ['SecretId', 'VersionId', 'VersionStage'], requestId);
    const secret = known(secrets, input, requestId);
    const { VersionStage: stage = CURRENT, VersionId: version = secret.versionId } = input;
    if (stage !== CURRENT || version !== secret.versionId) {
      const what = stage !== CURRENT ? `staging label: ${stage}` : `VersionId: ${version}`;
      throw notFound(`Secrets Manager can't find the specified secret value for ${what}`, requestId);
    }
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: secret.versionId,
      SecretString: secret.value,
      VersionStages: [CURRENT],
      CreatedDate: secret.changed / 1000,
    };
  },
  DescribeSecret(secrets, input, requestId) {
    refuseMembers(input, ['SecretId'], requestId);
    const secret = known(secrets, input, requestId);
    return { ...summary(secret), VersionIdsToStages: { [secret.versionId]: [CURRENT] } };
  },
  ListSecrets(secrets, input, requestId) {
    refuseMembers(input, ['MaxResults', 'NextToken'], requestId);
    const names = [...secrets.keys()].sort();
    const from = input['NextToken'] === undefined ? 0 : Number(input['NextToken']);
    const size = Math.min(Number(input['MaxResults'] ?? LARGEST_PAGE), LARGEST_PAGE);
    const page = names.slice(from, from + size);
    return {
      SecretList: page.flatMap((name) => {
        const secret = secrets.get(name);
        return secret
          ? [{ ...summary(secret), SecretVersionsToStages: { [secret.versionId]: [CURRENT] } }]
          : [];
      }),
      ...(from + size < names.length && { NextToken: String(from + size) }),
    };
  },
};

function summary(secret: Secret): JsonObject {
  return {
    ARN: secret.arn,
    Name: secret.name,
    CreatedDate: secret.created / 1000,
    LastChangedDate: secret.changed / 1000,
    Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

function refuseMembers(input: JsonObject, understood: readonly string[], requestId: string): void {
  const unknown = Object.keys(input).filter((name) => !understood.includes(name));
  if (unknown.length === 0) return;
  const message = `The embedded Secrets Manager does not implement ${unknown.join(', ')}.`;
  throw new JsonServiceError('InvalidParameterException', message, requestId);
}

/** By name, by ARN, or by ARN without its suffix. */
function find(secrets: ReadonlyMap<string, Secret>, id: string): Secret | undefined {
  if (!id.startsWith('arn:')) return secrets.get(id);
  return [...secrets.values()].find(({ arn }) => arn === id || arn.slice(0, -SUFFIX_LENGTH - 1) === id);
}

function known(secrets: ReadonlyMap<string, Secret>, input: JsonObject, requestId: string): Secret {
  const secret = find(secrets, String(input['SecretId'] ?? ''));
  if (!secret) throw notFound("Secrets Manager can't find the specified secret.", requestId);
  return secret;
}

function notFound(message: string, requestId: string): JsonServiceError {
  return new JsonServiceError('ResourceNotFoundException', message, requestId);
}

/**
 * A name that no secret has is put to the policy as an ARN without a suffix.
 * Source: AWS Service Authorization Reference, "AWS Secrets Manager".
 */
async function permit(
  options: SecretsOptions,
  { region, accessKeyId, operation, input }: JsonCall,
  secrets: ReadonlyMap<string, Secret>,
  requestId: string,
): Promise<void> {
  const id = input['SecretId'];
  const prefix = `arn:aws:secretsmanager:${region}:${options.accountId}:secret:`;
  const secret = typeof id === 'string' ? find(secrets, id) : undefined;
  const named =
    typeof id === 'string' ? (secret?.arn ?? (id.startsWith('arn:') ? id : `${prefix}${id}`)) : '*';
  const context = Object.fromEntries(
    Object.entries(secret?.tags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  );
  const action = `secretsmanager:${operation}`;
  const call = { action, resource: named, region, accessKeyId, operation, context };
  try {
    await options.authorize?.(call);
  } catch (error) {
    if (isAccessDenied(error)) throw new JsonServiceError('AccessDeniedException', error.message, requestId);
    throw error;
  }
  const fault = options.fault?.(call);
  if (!fault) return;
  throw new JsonServiceError(fault.code, fault.message ?? 'Injected fault', requestId, {
    status: fault.status,
  });
}
