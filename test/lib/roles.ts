import { beforeAll, describe, expect, test } from '@jest/globals';
import { ACTIONS, MACHINES, OPERATIONS } from '@tanker/contract/operations.ts';
import { CONTROL_FUNCTIONS } from '@tanker/contract/resource-names.ts';
import { createDynamo } from '../../local/dynamodb/index.ts';
import { createIam } from '../../local/iam/iam.ts';
import type { Statement } from '../../local/iam/policy.ts';
import {
  functionNamed,
  ofType,
  only,
  type Resource,
  type Right,
  rightsOf,
  type Synthesized,
  synthesizedExample,
  type Template,
} from './synthesized.ts';

const CONTROL_TABLE = 'arn:aws:dynamodb:eu-west-1:111122223333:table/tanker';
const MACHINE = 'arn:aws:states:eu-west-1:111122223333:stateMachine:tanker';
/** Every operation's executions, but not those nested in them. */
const LOOKS = [...OPERATIONS]
  .sort()
  .map(
    (operation) =>
      `states:DescribeExecution ${MACHINE.replace(':stateMachine:', ':execution:')}-${operation}:*`,
  );
const DATACENTERS = [
  { name: 'us', region: 'us-east-1' },
  { name: 'eu', region: 'eu-central-1' },
];

let stacks: Synthesized['stacks'];
let control: Template;

beforeAll(() => {
  stacks = synthesizedExample().stacks;
  control = stacks['tanker-control'] as Template;
}, 120_000);

/** Rights that know no resource, by their service. */
const RESOURCELESS: Record<string, RegExp> = {
  'AWS::Lambda::Function': /^xray:Put(TraceSegments|TelemetryRecords)$/,
  'AWS::StepFunctions::StateMachine':
    /^(xray:|logs:(\w+LogDelivery|ListLogDeliveries|PutResourcePolicy|Describe(ResourcePolicies|LogGroups))$)/,
};

const named = (rights: readonly Right[]): string[] =>
  rights
    .filter(({ resource }) => resource !== '*')
    .map(({ action, resource }) => `${action} ${typeof resource === 'string' ? resource : '(reference)'}`)
    .sort();

/** What a definition calls, read from the synthesized text by code of its own. */
function calls(machine: Resource): string[] {
  const { DefinitionString, DefinitionSubstitutions } = machine.Properties;
  const text = (DefinitionString as string).replaceAll(
    /\$\{(\w+)\}/g,
    (_, key: string) => DefinitionSubstitutions[key],
  );
  const found = new Set<string>();
  JSON.parse(text, (_key, state) => {
    switch (state?.Type === 'Task' ? state.Resource : undefined) {
      case undefined:
        break;
      case 'arn:aws:states:::lambda:invoke':
      case 'arn:aws:states:::lambda:invoke.waitForTaskToken':
        found.add(`lambda:InvokeFunction ${state.Arguments.FunctionName}`);
        break;
      case 'arn:aws:states:::dynamodb:updateItem':
        found.add(
          `dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/${state.Arguments.TableName}`,
        );
        break;
      case 'arn:aws:states:::states:startExecution.sync:2': {
        const executions = `${state.Arguments.StateMachineArn.replace(':stateMachine:', ':execution:')}:*`;
        const rule =
          'arn:aws:events:eu-west-1:111122223333:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule';
        found.add(`states:StartExecution ${state.Arguments.StateMachineArn}`);
        for (const action of ['DescribeExecution', 'StopExecution'])
          found.add(`states:${action} ${executions}`);
        for (const action of ['PutTargets', 'PutRule', 'DescribeRule']) found.add(`events:${action} ${rule}`);
        break;
      }
      default:
        throw new Error(`The test knows no right for ${state.Resource}.`);
    }
    return state;
  });
  return [...found].sort();
}

/** Whether a role of these rights may write (and hence create) the row, by the embedded cloud's own table. */
async function mayWrite(rights: readonly Right[], key: { pk: string; sk: string }): Promise<boolean> {
  const iam = createIam();
  const role = 'arn:aws:iam::111122223333:role/agent';
  iam.addRole(role);
  iam.addStatements(
    role,
    rights
      .filter(({ resource }) => typeof resource === 'string')
      .map(
        ({ action, resource, condition }) =>
          ({ Effect: 'Allow', Action: action, Resource: resource, Condition: condition }) as Statement,
      ),
  );
  const dynamo = createDynamo({ accountId: '111122223333', authorize: iam.authorize });
  const names = ['pk', 'sk'];
  await dynamo.createTable({
    region: 'eu-west-1',
    name: 'tanker',
    keySchema: names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
    attributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  });
  const { accessKeyId } = iam.credentialsFor(role);
  const input = { TableName: 'tanker', Key: { pk: { S: key.pk }, sk: { S: key.sk } } };
  try {
    await dynamo.call({ region: 'eu-west-1', accessKeyId, operation: 'UpdateItem', input });
    return true;
  } catch (error) {
    expect((error as Error).name).toBe('AccessDeniedException');
    return false;
  }
}

describe('the role of a state machine', () => {
  test.each(MACHINES)('of %s allows what its definition calls, and nothing else', (operation) => {
    const machine = ofType(control, 'AWS::StepFunctions::StateMachine').find(
      ({ Properties }) => Properties['StateMachineName'] === `tanker-${operation}`,
    ) as Resource;
    const allowed = named(rightsOf(control, machine));
    expect(allowed).toEqual(calls(machine));
    expect(allowed.length).toBeGreaterThan(1);
  });

  test('names only functions that exist, and every substitution has a value', () => {
    const functions = ofType(control, 'AWS::Lambda::Function').map(
      ({ Properties }) => Properties['FunctionName'],
    );
    for (const { Properties } of ofType(control, 'AWS::StepFunctions::StateMachine')) {
      const values = Properties['DefinitionSubstitutions'] as Record<string, string>;
      const used = new Set(
        [...Properties['DefinitionString'].matchAll(/\$\{(\w+)\}/g)].map(
          (match: RegExpMatchArray) => match[1],
        ),
      );
      expect(Object.keys(values).sort()).toEqual([...used].sort());
      for (const [key, value] of Object.entries(values)) {
        if (key.endsWith('FunctionArn')) expect(functions).toContain(value.split(':').at(-1));
      }
    }
  });

  test('and the machines together call every control function except those that rules and the stream call, and the doctor of people', () => {
    const called = ofType(control, 'AWS::StepFunctions::StateMachine')
      .flatMap(calls)
      .filter((call) => call.startsWith('lambda:'))
      .map((call) => call.split(':function:tanker-')[1]);
    const others = ['start-recovery', 'sweep', 'doctor', 'publish-events'];
    const expected = CONTROL_FUNCTIONS.filter((name) => !others.includes(name));
    expect([...new Set(called)].sort()).toEqual([...expected].sort());
  });
});

describe('every role', () => {
  test('names its resources, except for actions that know none', () => {
    for (const template of Object.values(stacks)) {
      for (const [type, resourceless] of Object.entries(RESOURCELESS)) {
        for (const caller of ofType(template, type)) {
          for (const { action, resource } of rightsOf(template, caller)) {
            expect(action).not.toContain('*');
            if (resource === '*') expect(action).toMatch(resourceless);
          }
        }
      }
    }
  });

  test('belongs to one function or machine, and holds no policy of AWS', () => {
    for (const template of Object.values(stacks)) {
      const roles = ofType(template, 'AWS::IAM::Role');
      const callers = Object.keys(RESOURCELESS).flatMap((type) => ofType(template, type));
      // and of the transfer task's two: its own, and that of whoever starts it
      expect(roles).toHaveLength(callers.length + 2 * ofType(template, 'AWS::ECS::TaskDefinition').length);
      for (const { Properties } of roles) expect(Properties['ManagedPolicyArns']).toBeUndefined();
    }
  });
});

describe('the control region', () => {
  const actionsOf = (name: string) =>
    rightsOf(control, functionNamed(control, `tanker-${name}`)).map(({ action }) => action);

  test('never reads or writes exports, and settles no task token', () => {
    for (const name of CONTROL_FUNCTIONS) {
      for (const action of actionsOf(name)) expect(action).not.toMatch(/^(s3|kms):|^states:SendTask/);
    }
  });

  test('uses only the four calls of single items and queries on the one table', () => {
    for (const name of CONTROL_FUNCTIONS) {
      for (const { action, resource } of rightsOf(control, functionNamed(control, `tanker-${name}`))) {
        if (!action.startsWith('dynamodb:') || name === 'publish-events') continue;
        const index = name === 'sweep' && resource === `${CONTROL_TABLE}/index/open-tasks`;
        if (!index) expect(resource).toBe(CONTROL_TABLE);
        expect(action).toMatch(
          index ? /:Query$/ : name === 'sweep' ? /./ : /^dynamodb:(GetItem|PutItem|UpdateItem|Query)$/,
        );
      }
    }
  });

  test('lets dispatch start every agent of every datacenter, and only these', () => {
    const invoked = rightsOf(control, functionNamed(control, 'tanker-dispatch'))
      .filter(({ action }) => action === 'lambda:InvokeFunction')
      .map(({ resource }) => resource);
    const expected = DATACENTERS.flatMap(({ name, region }) =>
      [...ACTIONS, 'launch'].map(
        (action) => `arn:aws:lambda:${region}:111122223333:function:tanker-${name}-${action}`,
      ),
    );
    expect([...invoked].sort()).toEqual(expected.sort());
  });

  test('gives the operator’s token only to the functions that talk to the gateway', () => {
    const readers = CONTROL_FUNCTIONS.filter((name) =>
      named(rightsOf(control, functionNamed(control, `tanker-${name}`))).includes(
        'secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:111122223333:secret:tanker/gateway-operator-??????',
      ),
    );
    expect(readers).toEqual([
      'open-task',
      'plan-task',
      'lock-traffic',
      'commit-placement',
      'commit-backup',
      'commit-cleanup',
      'unlock-traffic',
      'claim-company',
      'decide-direction',
      'doctor',
    ]);
  });

  test('looks at the ended execution and starts a recovery, and nothing else, from the rule’s function', () => {
    const started = rightsOf(control, functionNamed(control, 'tanker-start-recovery'))
      .filter(({ action }) => action.startsWith('states:'))
      .map(({ action, resource }) => `${action} ${resource}`);
    expect(started).toEqual([`states:StartExecution ${MACHINE}-recover`, ...LOOKS]);
  });
});

describe('the sweeper', () => {
  const rights = () => named(rightsOf(control, functionNamed(control, 'tanker-sweep')));

  test('looks at executions, starts recoveries and cleanups, has exports discarded, and nothing more', () => {
    const beside = rights().filter((right) => !/^(logs|dynamodb):/.test(right));
    expect(beside).toEqual(
      [
        ...DATACENTERS.map(
          ({ name, region }) =>
            `lambda:InvokeFunction arn:aws:lambda:${region}:111122223333:function:tanker-${name}-discard`,
        ),
        ...LOOKS,
        `states:StartExecution ${MACHINE}-cleanup`,
        `states:StartExecution ${MACHINE}-recover`,
      ].sort(),
    );
  });

  test('finds the open tasks in their index, and is the one function that deletes a row', () => {
    const used = rights().filter((right) => right.startsWith('dynamodb:'));
    expect(used).toEqual([
      ...['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].flatMap((action) => [
        `dynamodb:${action} ${CONTROL_TABLE}`,
        ...(action === 'Query' ? [`dynamodb:Query ${CONTROL_TABLE}/index/open-tasks`] : []),
      ]),
    ]);
  });
});

describe.each(DATACENTERS)('the agents of $name', ({ name, region }) => {
  const rights = (action: string) => {
    const template = stacks[`tanker-${name}`] as Template;
    return rightsOf(template, functionNamed(template, `tanker-${name}-${action}`));
  };
  const bucket = (datacenter: string) => `arn:aws:s3:::tanker-exports-111122223333-${datacenter}`;
  const other = DATACENTERS.find((datacenter) => datacenter.name !== name) as (typeof DATACENTERS)[number];

  test.each(ACTIONS)('%s settles tokens of the machines only', (action) => {
    const settled = rights(action).filter((right) => right.action.startsWith('states:'));
    expect(named(settled)).toEqual(
      ['SendTaskFailure', 'SendTaskHeartbeat', 'SendTaskSuccess'].flatMap((call) => [
        ...MACHINES.map((machine) => `states:${call} ${MACHINE}-${machine}`).sort(),
      ]),
    );
  });

  test('touch objects only where their work needs it', () => {
    const touching = Object.fromEntries(
      [...ACTIONS, 'report-failure'].map((action) => [
        action,
        named(rights(action).filter((right) => right.action.startsWith('s3:'))),
      ]),
    );
    const expected = {
      ...Object.fromEntries([...ACTIONS, 'report-failure'].map((action) => [action, [] as string[]])),
      export: ['AbortMultipartUpload', 'GetObject', 'PutObject', 'PutObjectTagging'].map(
        (call) => `s3:${call} ${bucket(name)}/exports/*`,
      ),
      import: [`s3:GetObject ${bucket('eu')}/exports/*`, `s3:GetObject ${bucket('us')}/exports/*`],
      discard: [
        `s3:AbortMultipartUpload ${bucket(name)}/exports/*`,
        `s3:DeleteObject ${bucket(name)}/exports/*`,
        `s3:ListBucket ${bucket(name)}`,
        `s3:ListBucketMultipartUploads ${bucket(name)}`,
      ],
    };
    expect(touching).toEqual(expected);
  });

  test('import decrypts another datacenter’s exports by that key’s alias and through its S3 only', () => {
    const foreign = rights('import').filter(
      ({ resource }) => resource !== '*' && /:key\//.test(String(resource)),
    );
    expect(foreign).toEqual([
      {
        action: 'kms:Decrypt',
        resource: `arn:aws:kms:${other.region}:111122223333:key/*`,
        condition: {
          'ForAnyValue:StringEquals': { 'kms:ResourceAliases': `alias/tanker-${other.name}-exports` },
          StringEquals: { 'kms:ViaService': `s3.${other.region}.amazonaws.com` },
        },
      },
    ]);
  });

  const reads = (...kinds: string[]) => ({
    action: 'secretsmanager:GetSecretValue',
    resource: `arn:aws:secretsmanager:${region}:111122223333:secret:*`,
    condition: {
      StringEquals: {
        'aws:ResourceTag/tanker:installation': 'tanker',
        'aws:ResourceTag/tanker:secret': kinds,
      },
    },
  });

  test('read this installation’s secrets of their own region by their kind: discard none, and the gateway’s for open and erase alone', () => {
    const both = ['provider', 'reader'];
    const expected: Record<string, string[]> = { discard: [], 'report-failure': [], open: both, erase: both };
    for (const action of [...ACTIONS, 'report-failure']) {
      const kinds = expected[action] ?? ['provider'];
      expect(rights(action).filter((right) => right.action.startsWith('secretsmanager:'))).toEqual(
        kinds.length === 0 ? [] : [reads(...kinds)],
      );
    }
  });

  const onTable = (action: string) => rights(action).filter((right) => right.action.startsWith('dynamodb:'));
  const rowsOf = (...beginnings: string[]) => ({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': beginnings },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  });

  test('change rows of tasks in the table, discard also those of due dates, and read nothing there', () => {
    for (const action of ACTIONS) {
      const condition = action === 'discard' ? rowsOf('task#*', 'due#*') : rowsOf('task#*');
      expect(onTable(action)).toEqual([
        { action: 'dynamodb:UpdateItem', resource: CONTROL_TABLE, condition },
      ]);
    }
  });

  test.each(['launch', 'report-failure', 'report-stopped-task'])(
    '%s touches no other rows than those of tasks',
    (action) => {
      expect(onTable(action)).not.toEqual([]);
      for (const { condition } of onTable(action)) expect(condition).toEqual(rowsOf('task#*'));
    },
  );

  test('neither does the transfer task', () => {
    const template = stacks[`tanker-${name}`] as Template;
    const { TaskRoleArn } = only(template, 'AWS::ECS::TaskDefinition').Properties;
    const own = rightsOf(template, { Type: '', Properties: { Role: TaskRoleArn } }).filter(
      ({ resource }) => resource === CONTROL_TABLE,
    );
    expect(own.map(({ action }) => action).sort()).toEqual(
      ['GetItem', 'PutItem', 'UpdateItem'].map((action) => `dynamodb:${action}`),
    );
    for (const { condition } of own) expect(condition).toEqual(rowsOf('task#*'));
  });

  test.each([
    ['export', { pk: 'task#t', sk: 'subtask#s' }, true],
    ['export', { pk: 'company#acme', sk: 'claim' }, false],
    ['export', { pk: 'company#acme', sk: 'ledger#t' }, false],
    ['export', { pk: 'due#2026-11-29', sk: 't' }, false],
    ['discard', { pk: 'due#2026-11-29', sk: 't' }, true],
    ['discard', { pk: 'company#acme', sk: 'debt#us/1#crm' }, false],
  ])('%s may write the row %j: %s', async (action, key, allowed) => {
    expect(await mayWrite(rights(action), key)).toBe(allowed);
  });

  test.each(['doctor', 'open-expired'])(
    '%s reads the tokens that it asks with, and can do nothing else',
    (name) => {
      const able = rights(name).filter(({ action }) => !/^(logs|xray):/.test(action));
      expect(able).toEqual([reads('provider', 'reader')]);
    },
  );

  test('report-failure can only fail a subtask, its row and its token', () => {
    expect(named(rights('report-failure'))).toEqual([
      `dynamodb:UpdateItem ${CONTROL_TABLE}`,
      `logs:CreateLogStream arn:aws:logs:${region}:111122223333:log-group:/aws/lambda/tanker-${name}-report-failure:*`,
      `logs:PutLogEvents arn:aws:logs:${region}:111122223333:log-group:/aws/lambda/tanker-${name}-report-failure:*`,
      ...MACHINES.map((machine) => `states:SendTaskFailure ${MACHINE}-${machine}`).sort(),
    ]);
  });
});
