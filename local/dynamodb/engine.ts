import { createRequire } from 'node:module';
import { DynamoError } from './errors.ts';

/** Operations that dynalite does by itself. */
const ENGINE_OPERATIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'ListTagsOfResource',
  'PutItem',
  'Query',
  'Scan',
  'TagResource',
  'UntagResource',
  'UpdateItem',
  'UpdateTable',
] as const;

export type EngineOperation = (typeof ENGINE_OPERATIONS)[number];

export type Input = Readonly<Record<string, unknown>>;
export type Output = Record<string, unknown>;

/** A DynamoDB of one region in memory. */
export interface Engine {
  /** @throws DynamoError */
  run(operation: EngineOperation, input: Input, requestId: string): Promise<Output>;
}

interface Store {
  tableDb: { awsRegion: string; awsAccountId: string };
}

interface Validation {
  readonly types: Readonly<Record<string, unknown>>;
  readonly custom: unknown;
}

interface EngineFailure {
  readonly statusCode?: number;
  readonly body?: { readonly __type?: string; readonly message?: string; readonly Message?: string };
}

type Action = (store: Store, input: Output, done: (error: unknown, output?: Output) => void) => void;

// Dynalite's own modules, called without its HTTP server: no second hop, and no request to be faked. Its version is
// pinned exactly, because only the server is its public face.
const load = createRequire(import.meta.url);
const database = load('dynalite/db') as { create(options: object): Store; itemSize(item: object): number };
const checks = load('dynalite/validations') as {
  checkTypes(input: Input, types: unknown): Output;
  checkValidations(input: Output, types: unknown, custom: unknown, store: Store): void;
};
const actions = new Map<EngineOperation, { action: Action; validation: Validation }>(
  ENGINE_OPERATIONS.map((operation) => {
    const file = operation.charAt(0).toLowerCase() + operation.slice(1);
    return [
      operation,
      {
        action: load(`dynalite/actions/${file}`) as Action,
        validation: load(`dynalite/validations/${file}`) as Validation,
      },
    ];
  }),
);

/** Tables change their state at once: nothing here tests the waiting for a table. */
const NO_DELAYS = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };

export function createEngine(region: string, accountId: string): Engine {
  const store = database.create(NO_DELAYS);
  store.tableDb.awsRegion = region;
  store.tableDb.awsAccountId = accountId;
  return {
    run(operation, input, requestId) {
      const { action, validation } = partsOf(operation);
      return new Promise((resolve, reject) => {
        const fail = (error: unknown) => reject(translate(error, requestId));
        try {
          const checked = checks.checkTypes(input, validation.types);
          checks.checkValidations(checked, validation.types, validation.custom, store);
          action(store, checked, (error, output) => (error ? fail(error) : resolve(output ?? {})));
        } catch (error) {
          fail(error);
        }
      });
    },
  };
}

/** Bytes of an item's names and values. Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats". */
export const itemSize = (item: object): number => database.itemSize(item);

export function isEngineOperation(operation: string): operation is EngineOperation {
  return actions.has(operation as EngineOperation);
}

/** Input members that dynalite looks at; any other it would silently ignore. */
export function knownMembers(operation: EngineOperation): readonly string[] {
  return Object.keys(partsOf(operation).validation.types);
}

function partsOf(operation: EngineOperation): { action: Action; validation: Validation } {
  const parts = actions.get(operation);
  if (!parts) throw new Error(`Dynalite has no ${operation}`);
  return parts;
}

function translate(error: unknown, requestId: string): unknown {
  const { statusCode, body } = error as EngineFailure;
  if (statusCode === undefined || !body?.__type) return error;
  const name = body.__type.split('#').at(-1) ?? body.__type;
  return new DynamoError(name, body.message ?? body.Message ?? '', requestId, { status: statusCode });
}
