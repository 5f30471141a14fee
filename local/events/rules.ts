import { compilePattern, type Matcher } from './pattern.ts';
import { assertTargetInput, type TargetInput } from './target-input.ts';

/** An event as rules see it. Source: EventBridge, "AWS service event structure". */
export interface CloudEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** The bus that AWS's own events are on; every region has it. */
export const DEFAULT_BUS = 'default';

/** A rule as the template defines it. */
export interface RuleDefinition {
  readonly name: string;
  readonly arn: string;
  /** By name; the default bus when absent. */
  readonly bus?: string;
  readonly enabled: boolean;
  readonly eventPattern?: unknown;
  /** rate(<n> minute|minutes|hour|hours|day|days). */
  readonly scheduleExpression?: string;
  readonly targets: readonly TargetDefinition[];
}

export interface TargetDefinition extends TargetInput {
  readonly id: string;
  /** A function or a state machine of the same region. */
  readonly arn: string;
  /** The role in which a state machine is started. */
  readonly roleArn?: string;
  readonly deadLetterArn?: string;
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
}

/** The rule can't be run here. */
export class RuleUnsupported extends Error {
  override readonly name = 'RuleUnsupported';
}

export interface Rule extends RuleDefinition {
  readonly bus: string;
  readonly region: string;
  readonly matches: Matcher;
  readonly everyMs?: number;
}

/** Compiles a rule, or refuses it: unknown operators, expressions, paths and targets. */
export function compileRule(region: string, definition: RuleDefinition): Rule {
  for (const target of definition.targets) {
    assertTargetInput(target);
    const [, , service, targetRegion] = target.arn.split(':');
    if (service !== 'lambda' && service !== 'states') {
      throw new RuleUnsupported(`target ${target.arn} is neither a function nor a state machine`);
    }
    if (targetRegion !== region) throw new RuleUnsupported(`target ${target.arn} is in another region`);
  }
  const { bus = DEFAULT_BUS, eventPattern, scheduleExpression } = definition;
  if (bus !== DEFAULT_BUS && scheduleExpression !== undefined) {
    throw new RuleUnsupported('ScheduleExpression is supported only on the default event bus.');
  }
  return {
    ...definition,
    bus,
    region,
    matches: eventPattern === undefined ? () => false : compilePattern(eventPattern),
    everyMs: scheduleExpression === undefined ? undefined : parseRate(scheduleExpression),
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Milliseconds between two runs. Source: EventBridge, "Rate expressions". */
export function parseRate(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const everyMs = Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  if (!everyMs)
    throw new RuleUnsupported(`schedule ${expression} is no rate, and only rates are implemented`);
  return everyMs;
}
