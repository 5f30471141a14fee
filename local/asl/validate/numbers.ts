import { expressionIn } from '../expressions.ts';
import type { Json } from '../json.ts';
import { LONGEST_SECONDS } from '../limits.ts';
import type { Place } from './problems.ts';

interface NumberRule {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  /** Whether a JSONata expression may stand in its place. */
  readonly expression: boolean;
}

/** Longest MaxDelaySeconds is below 366 days. Source: Amazon States Language, Retrying after error. */
const LONGEST_DELAY_SECONDS = 31_622_400;

/** What each number field takes. Source: Amazon States Language. */
const NUMBER_RULES: { readonly [field: string]: NumberRule } = {
  Seconds: { least: 0, most: LONGEST_SECONDS, whole: true, expression: true },
  TimeoutSeconds: { least: 1, most: LONGEST_SECONDS, whole: true, expression: true },
  HeartbeatSeconds: { least: 1, most: LONGEST_SECONDS, whole: true, expression: true },
  MaxConcurrency: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true, expression: true },
  ToleratedFailureCount: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true, expression: true },
  ToleratedFailurePercentage: { least: 0, most: 100, whole: false, expression: true },
  IntervalSeconds: { least: 1, most: LONGEST_SECONDS, whole: true, expression: false },
  MaxAttempts: { least: 0, most: LONGEST_SECONDS, whole: true, expression: false },
  BackoffRate: { least: 1, most: Number.MAX_SAFE_INTEGER, whole: false, expression: false },
  MaxDelaySeconds: { least: 1, most: LONGEST_DELAY_SECONDS, whole: true, expression: false },
};

/** Checks a field that must be a number, or an expression for one. */
export function checkNumber(field: string, value: Json | undefined, place: Place, expression = true): void {
  const rule = NUMBER_RULES[field];
  if (rule === undefined || value === undefined) return;
  const mayBeExpression = rule.expression && expression;
  if (mayBeExpression && typeof value === 'string' && expressionIn(value) !== undefined) return;
  const fits =
    typeof value === 'number' &&
    value >= rule.least &&
    value <= rule.most &&
    (!rule.whole || Number.isInteger(value));
  if (fits) return;
  const kind = rule.whole ? 'a whole number' : 'a number';
  const or = mayBeExpression ? ' or a JSONata expression' : '';
  place.at(field).problem(`must be ${kind} from ${rule.least} to ${rule.most}${or}`);
}
