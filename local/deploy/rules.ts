import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { RuleDefinition, TargetDefinition } from '../events/rules.ts';
import type { Iam } from '../iam/iam.ts';
import { checkName, checkTargets, numberIn } from './limits.ts';
import { arnOf, checkProperties } from './properties.ts';

const RULE = {
  used: ['EventBusName', 'EventPattern', 'Name', 'ScheduleExpression', 'State', 'Targets'],
  ignored: ['Description', 'Tags'],
};

const TARGET = {
  used: ['Arn', 'DeadLetterConfig', 'Id', 'Input', 'InputPath', 'InputTransformer', 'RetryPolicy', 'RoleArn'],
  ignored: [],
};

interface TargetProperties {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Record<string, string>;
    readonly InputTemplate: string;
  };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
}

const BUS = { used: ['Name'], ignored: ['Description', 'LogConfig', 'Tags'] };

/** AWS::Events::EventBus: its name. A partner's bus, a policy, a key and a dead letter queue are not implemented. */
export function readBus(resource: Resource): string {
  checkProperties(resource.properties, BUS);
  checkName('bus', resource.ref);
  return resource.ref;
}

/**
 * AWS::Events::Rule on the default bus or one of the assembly's own. Refuses a target that EventBridge could not reach for want of a right: on AWS
 * its events would be lost without a word. Source: EventBridge, "Using resource-based policies" and "IAM roles".
 */
export function readRule(resource: Resource, assembly: Assembly, iam: Iam): RuleDefinition {
  checkProperties(resource.properties, RULE);
  const { EventBusName, EventPattern, ScheduleExpression, State, Targets } = resource.properties;
  const targets = (Targets ?? []) as TargetProperties[];
  const name = resource.ref.split('|').at(-1) ?? '';
  checkName('rule', name);
  checkTargets(targets.length);
  return {
    name,
    // Its name, or its ARN.
    ...(EventBusName !== undefined && { bus: String(EventBusName).split('/').at(-1) ?? '' }),
    arn: arnOf(resource),
    enabled: State !== 'DISABLED',
    eventPattern: EventPattern,
    scheduleExpression: ScheduleExpression as string | undefined,
    targets: targets.map((target) => readTarget(target, resource, assembly, iam)),
  };
}

function readTarget(
  target: TargetProperties,
  rule: Resource,
  assembly: Assembly,
  iam: Iam,
): TargetDefinition {
  checkProperties(target, TARGET, 'Targets.');
  const { region, account } = rule;
  const context = { 'aws:SourceArn': arnOf(rule), 'aws:SourceAccount': account };
  const assertAllowed = (action: string, resource: string) =>
    iam.authorizeService('events.amazonaws.com', { action, resource, region, operation: action, context });
  if (target.Arn.includes(':lambda:')) assertAllowed('lambda:InvokeFunction', target.Arn);
  if (target.Arn.includes(':states:') && target.RoleArn === undefined) {
    throw new TemplateUnsupported(`target ${target.Arn} needs a RoleArn`);
  }
  if (target.RoleArn !== undefined) iam.assertTrusts(target.RoleArn, 'events.amazonaws.com');
  const deadLetterArn = target.DeadLetterConfig?.Arn;
  if (
    deadLetterArn !== undefined &&
    !assembly.resources.some((one) => one.attributes['Arn'] === deadLetterArn)
  ) {
    throw new TemplateUnsupported(`dead letter queue ${deadLetterArn}, which the assembly doesn't hold`);
  }
  if (deadLetterArn !== undefined) assertAllowed('sqs:SendMessage', deadLetterArn);
  const transformer = target.InputTransformer;
  return {
    id: target.Id,
    arn: target.Arn,
    roleArn: target.RoleArn,
    input: target.Input,
    inputPath: target.InputPath,
    inputTransformer: transformer && {
      inputPathsMap: transformer.InputPathsMap ?? {},
      inputTemplate: transformer.InputTemplate,
    },
    deadLetterArn,
    ...retryPolicy(target),
  };
}

function retryPolicy({ RetryPolicy = {} }: TargetProperties) {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds } = RetryPolicy;
  return {
    maximumRetryAttempts: numberIn('RetryPolicy.MaximumRetryAttempts', MaximumRetryAttempts),
    maximumEventAgeSeconds: numberIn('RetryPolicy.MaximumEventAgeInSeconds', MaximumEventAgeInSeconds),
  };
}
