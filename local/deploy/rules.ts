import type { Assembly, Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { RuleDefinition, TargetDefinition } from '../events/rules.ts';
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

/** AWS::Events::Rule on the default bus, with the rights that its targets need. */
export function readRule(resource: Resource, assembly: Assembly): RuleDefinition {
  checkProperties(resource.properties, RULE);
  const { EventBusName, EventPattern, ScheduleExpression, State, Targets } = resource.properties;
  if (EventBusName !== undefined && EventBusName !== 'default') {
    throw new TemplateUnsupported(`event bus ${EventBusName}; only default is implemented`);
  }
  const targets = (Targets ?? []) as TargetProperties[];
  return {
    name: resource.ref,
    arn: arnOf(resource),
    enabled: State !== 'DISABLED',
    eventPattern: EventPattern,
    scheduleExpression: ScheduleExpression as string | undefined,
    targets: targets.map((target) => readTarget(target, resource, assembly)),
  };
}

function readTarget(target: TargetProperties, rule: Resource, assembly: Assembly): TargetDefinition {
  checkProperties(target, TARGET, 'Targets.');
  if (target.Arn.includes(':lambda:') && !mayInvoke(target.Arn, rule, assembly)) {
    throw new TemplateUnsupported(
      `no AWS::Lambda::Permission lets events.amazonaws.com invoke ${target.Arn} for this rule; on AWS its events would be lost`,
    );
  }
  if (target.Arn.includes(':states:') && target.RoleArn === undefined) {
    throw new TemplateUnsupported(`target ${target.Arn} needs a RoleArn`);
  }
  const deadLetterArn = target.DeadLetterConfig?.Arn;
  if (
    deadLetterArn !== undefined &&
    !assembly.resources.some((one) => one.attributes['Arn'] === deadLetterArn)
  ) {
    throw new TemplateUnsupported(`dead letter queue ${deadLetterArn}, which the assembly doesn't hold`);
  }
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
    maximumRetryAttempts: target.RetryPolicy?.MaximumRetryAttempts,
    maximumEventAgeSeconds: target.RetryPolicy?.MaximumEventAgeInSeconds,
  };
}

/** Source: EventBridge, "Resource-based policies for Amazon EventBridge", Lambda permissions. */
function mayInvoke(functionArn: string, rule: Resource, assembly: Assembly): boolean {
  const name = functionArn.slice(functionArn.lastIndexOf(':') + 1);
  return assembly.resources.some(
    ({ type, region, properties }) =>
      type === 'AWS::Lambda::Permission' &&
      region === rule.region &&
      (properties['FunctionName'] === functionArn || properties['FunctionName'] === name) &&
      properties['Principal'] === 'events.amazonaws.com' &&
      (properties['SourceArn'] === undefined || properties['SourceArn'] === arnOf(rule)),
  );
}
