import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { METRICS, METRICS_NAMESPACE } from '@tanker/contract/metrics.ts';
import { MACHINES } from '@tanker/contract/operations.ts';
import { parseTopology } from '@tanker/contract/topology.ts';
import example from '../../topology.example.ts';
import { ofType, only, type Resource, ROOT, type Synthesized, synthesizedExample } from './synthesized.ts';

const topology = parseTopology(example, 'topology.example.ts');
const runbook = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8');

let stacks: Synthesized['stacks'];
const alarms = (): Resource[] =>
  Object.values(stacks).flatMap((template) => ofType(template, 'AWS::CloudWatch::Alarm'));
const names = (): string[] => alarms().map(({ Properties }) => Properties['AlarmName'] as string);

/** The part of an alarm's name after the installation and, in a datacenter's stack, the datacenter. */
const idOf = (name: string): string => name.replace(/^tanker-((us|eu)-)?/, '');

/** Every metric that an alarm or a widget looks at, whether alone or in a sum. */
const metricsOf = ({ Properties }: Resource): { MetricName: string; Namespace: string }[] =>
  Properties['Metrics']?.flatMap(
    (one: { MetricStat?: { Metric: never } }) => one.MetricStat?.Metric ?? [],
  ) ?? [Properties];

beforeAll(() => {
  stacks = synthesizedExample().stacks;
}, 120_000);

describe('the alarms', () => {
  test('are those that the runbook knows, in the control region and in each datacenter', () => {
    expect(names().sort()).toEqual([
      'tanker-cleanup-refused',
      'tanker-dead-letters',
      'tanker-debt-recorded',
      'tanker-debts-waiting',
      'tanker-eu-agent-failures',
      'tanker-eu-agent-throttles',
      'tanker-eu-open-failures',
      'tanker-execution-throttles',
      'tanker-expiry-late',
      'tanker-failed-recovery',
      'tanker-late-events',
      'tanker-lock-over-budget',
      'tanker-removal-incomplete',
      'tanker-stuck-task',
      'tanker-sweep-failures',
      'tanker-throttles',
      'tanker-unpublished-events',
      'tanker-us-agent-failures',
      'tanker-us-agent-throttles',
      'tanker-us-open-failures',
    ]);
  });

  test('each have an entry in the runbook: what it means, how to look, how to fix', () => {
    for (const name of names()) {
      const entry = runbook.split(/^### /m).find((text) => text.startsWith(`${idOf(name)}\n`));
      expect([name, entry !== undefined]).toEqual([name, true]);
      for (const part of ['**Means.**', '**Look.**', '**Fix.**']) expect(entry).toContain(part);
    }
  });

  test('each name their entry in what the person who is called reads first', () => {
    for (const { Properties } of alarms()) {
      expect(Properties['AlarmDescription']).toContain(`docs/runbook.md#${idOf(Properties['AlarmName'])}`);
    }
  });

  test('each tell the topic of their own stack, when they ring and when they end', () => {
    for (const template of Object.values(stacks)) {
      const [topic] =
        Object.entries(template.Resources).find(([, { Type }]) => Type === 'AWS::SNS::Topic') ?? [];
      for (const { Properties } of ofType(template, 'AWS::CloudWatch::Alarm')) {
        expect(Properties['AlarmActions']).toEqual([{ Ref: topic }]);
        expect(Properties['OKActions']).toEqual([{ Ref: topic }]);
      }
    }
  });

  test('look only at metrics of our own that some function publishes', () => {
    const own = alarms()
      .flatMap(metricsOf)
      .filter(({ Namespace }) => Namespace === METRICS_NAMESPACE)
      .map(({ MetricName }) => MetricName);
    const handlers = ['control', 'agent'].flatMap((area) => {
      const folder = join(ROOT, 'lambdas', area);
      return readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    });
    expect(own.length).toBeGreaterThan(4);
    for (const name of new Set(own)) {
      const [key] = Object.entries(METRICS).find(([, value]) => value === name) ?? [];
      const published = handlers.some((text) => text.includes(`addMetric(METRICS.${key}`));
      expect([name, published]).toEqual([name, true]);
    }
  });

  test('hear the sweeper’s silence', () => {
    const silent = alarms().filter(({ Properties }) => Properties['TreatMissingData'] === 'breaching');
    expect(silent.map(({ Properties }) => Properties['AlarmName'])).toEqual(['tanker-stuck-task']);
  });

  test('look at the sweeper’s failures over two of its runs, since a period without one would read as a good one', () => {
    const alarm = alarms().find(({ Properties }) => Properties['AlarmName'] === 'tanker-sweep-failures');
    const periods = alarm?.Properties['Metrics'].flatMap(
      ({ MetricStat }: { MetricStat?: { Period: number } }) => (MetricStat ? [MetricStat.Period] : []),
    );
    expect(periods).toEqual([600, 600]);
    expect(alarm?.Properties['EvaluationPeriods']).toBe(2);
  });

  test('ring for a lock beyond the budget of the topology, and for a task beyond that and an hour', () => {
    const thresholdOf = (id: string) =>
      alarms().find(({ Properties }) => Properties['AlarmName'] === `tanker-${id}`)?.Properties['Threshold'];
    expect(thresholdOf('lock-over-budget')).toBe(topology.lockBudgetSeconds);
    expect(thresholdOf('stuck-task')).toBe(topology.lockBudgetSeconds + 3600);
  });

  test('sum at most ten metrics, which is what CloudWatch takes', () => {
    for (const alarm of alarms()) expect(metricsOf(alarm).length).toBeLessThanOrEqual(10);
  });
});

describe('the topic of a region’s alarms', () => {
  test('is encrypted by a key that CloudWatch may use, takes TLS only, and tells the addresses of the topology', () => {
    for (const template of Object.values(stacks)) {
      const { Properties } = only(template, 'AWS::SNS::Topic');
      expect(Properties['KmsMasterKeyId']).toBeDefined();
      const keys = ofType(template, 'AWS::KMS::Key').flatMap((key) => key.Properties['KeyPolicy'].Statement);
      const cloudWatch = { Principal: { Service: 'cloudwatch.amazonaws.com' } };
      expect(keys).toContainEqual(
        expect.objectContaining({ ...cloudWatch, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }),
      );
      const statements = only(template, 'AWS::SNS::TopicPolicy').Properties['PolicyDocument'].Statement;
      expect(statements).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
      expect(statements).toContainEqual(
        expect.objectContaining({ ...cloudWatch, Effect: 'Allow', Action: 'sns:Publish' }),
      );
      const told = ofType(template, 'AWS::SNS::Subscription').map((one) => one.Properties['Endpoint']);
      expect(told).toEqual(topology.alarms?.emails);
    }
  });
});

describe('the dashboard', () => {
  test('is one, in the control region, with every function of every region on it', () => {
    const [control, ...others] = ['tanker-control', 'tanker-us', 'tanker-eu'].map((name) => stacks[name]);
    if (!control) throw new Error('There is no control stack.');
    const body = JSON.stringify(only(control, 'AWS::CloudWatch::Dashboard').Properties['DashboardBody']);
    const functions = Object.values(stacks).flatMap((template) => ofType(template, 'AWS::Lambda::Function'));
    for (const { Properties } of functions) expect(body).toContain(Properties['FunctionName']);
    for (const name of Object.values(METRICS)) expect(body).toContain(name);
    for (const template of others) {
      expect(template && ofType(template, 'AWS::CloudWatch::Dashboard')).toEqual([]);
    }
  });
});

describe('the policies for people', () => {
  interface Statement {
    readonly Effect: string;
    readonly Action: string | string[];
    readonly Resource: string | string[];
  }
  const statementsOf = (name: string): Statement[] => {
    const policies = Object.values(stacks).flatMap((template) => ofType(template, 'AWS::IAM::ManagedPolicy'));
    const policy = policies.find(({ Properties }) => Properties['ManagedPolicyName'] === name);
    return policy?.Properties['PolicyDocument'].Statement ?? [];
  };
  const actionsOf = (name: string, effect: string): string[] =>
    statementsOf(name)
      .filter(({ Effect }) => Effect === effect)
      .flatMap(({ Action }) => Action);

  test('let a viewer look, and change nothing', () => {
    const actions = actionsOf('tanker-viewer', 'Allow');
    expect(actions).toContain('dynamodb:GetItem');
    for (const action of actions) expect(action).toMatch(/^[a-z]+:(Get|Query|Scan|List|Describe|Filter)/);
  });

  test('let an operator do what a viewer may, start the machines, cancel a task, take dead letters, ask the doctors', () => {
    const viewer = actionsOf('tanker-viewer', 'Allow');
    const more = actionsOf('tanker-operator', 'Allow').filter((action) => !viewer.includes(action));
    expect(more.sort()).toEqual([
      'lambda:InvokeFunction',
      'sqs:DeleteMessage',
      'sqs:ReceiveMessage',
      'states:StartExecution',
      'states:StopExecution',
    ]);
  });

  const startedBy = (name: string): string[] =>
    statementsOf(name)
      .filter(({ Action }) => [Action].flat().includes('states:StartExecution'))
      .flatMap(({ Resource }) => Resource)
      .sort();
  const machines = (...operations: string[]): string[] =>
    operations.map((one) => `arn:aws:states:eu-west-1:111122223333:stateMachine:tanker-${one}`);

  test('let an operator start what keeps a company, and nothing that removes one or a copy of it', () => {
    expect(startedBy('tanker-operator')).toEqual(machines('backup', 'migrate', 'recover', 'restore'));
  });

  test('let an operator stop every task, a removal too', () => {
    const stopped = statementsOf('tanker-operator')
      .filter(({ Action }) => [Action].flat().includes('states:StopExecution'))
      .flatMap(({ Resource }) => Resource);
    expect(stopped.sort()).toEqual(
      ['backup', 'cleanup', 'migrate', 'remove', 'restore'].map(
        (one) => `arn:aws:states:eu-west-1:111122223333:execution:tanker-${one}:*`,
      ),
    );
  });

  test('let a remover start removals and cleanups, and do nothing else', () => {
    expect(actionsOf('tanker-remover', 'Allow')).toEqual(['states:StartExecution']);
    expect(startedBy('tanker-remover')).toEqual(machines('cleanup', 'remove'));
  });

  test('let an operator call no function but the doctors', () => {
    const called = statementsOf('tanker-operator')
      .filter(({ Action }) => [Action].flat().includes('lambda:InvokeFunction'))
      .flatMap(({ Resource }) => Resource);
    expect(called.sort()).toEqual([
      'arn:aws:lambda:*:111122223333:function:tanker-*-doctor',
      'arn:aws:lambda:eu-west-1:111122223333:function:tanker-doctor',
    ]);
  });

  test('deny an operator a redrive: it would go on under an epoch that a recovery has ended', () => {
    expect(actionsOf('tanker-operator', 'Deny')).toEqual(['states:RedriveExecution']);
    const resources = statementsOf('tanker-operator').find(({ Effect }) => Effect === 'Deny')?.Resource;
    expect(resources).toEqual(
      [...MACHINES]
        .sort()
        .map((machine) => `arn:aws:states:eu-west-1:111122223333:execution:tanker-${machine}:*`),
    );
  });

  test('stay below the 6,144 characters that IAM takes, and are attached to nobody', () => {
    for (const name of ['tanker-viewer', 'tanker-operator', 'tanker-remover']) {
      const text = JSON.stringify(statementsOf(name)).replaceAll(/\s/g, '');
      expect(text.length).toBeGreaterThan(100);
      expect(text.length).toBeLessThan(6000);
    }
  });
});
