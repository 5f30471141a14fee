import { unknownKeys } from './condition-keys.ts';
import {
  type ConditionBlock,
  type ConditionContext,
  conditionHolds,
  matchesWildcard,
  toList,
  unknownOperators,
} from './conditions.ts';

/** One statement of a policy document. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: ConditionBlock;
}

/** What is asked. */
export interface Question {
  readonly action: string;
  readonly resource: string;
  /** ARN of the role, or the service principal, that asks; only statements with a Principal look at it. */
  readonly principal: string;
  readonly context: ConditionContext;
}

/** `delegated`: a resource's policy allows it to the whole account, so that the role's own policy decides. */
export type Verdict = 'allowed' | 'delegated' | 'denied' | 'not mentioned';

/** Statements of a policy document as the template holds it. */
export function statementsOf(document: unknown): readonly Statement[] {
  return toList((document as { Statement?: unknown } | undefined)?.Statement) as readonly Statement[];
}

/** What of a policy is not implemented. */
export function policyProblems(statements: readonly Statement[]): string[] {
  return statements.flatMap((statement) => {
    const at = statement.Sid ? `statement ${statement.Sid}` : 'a statement';
    const operators = unknownOperators(statement.Condition ?? {});
    return [
      ...operators.map(
        (operator) => `${at} has the condition operator ${operator}, which is not implemented`,
      ),
      ...unknownKeys(statement.Condition ?? {}).map(
        (key) => `${at} has the condition key ${key}, which no service of the embedded cloud fills`,
      ),
      ...(statement.NotPrincipal === undefined ? [] : [`${at} has NotPrincipal, which is not implemented`]),
    ];
  });
}

/** A Deny wins over every Allow. Source: IAM, "Policy evaluation logic". */
export function evaluate(statements: readonly Statement[], question: Question): Verdict {
  const matching = matchingStatements(statements, question);
  if (matching.some((statement) => statement.Effect === 'Deny')) return 'denied';
  const allowing = matching.filter((statement) => statement.Effect === 'Allow');
  if (allowing.some(({ Principal }) => names(Principal, question.principal) === 'itself')) return 'allowed';
  return allowing.length > 0 ? 'delegated' : 'not mentioned';
}

/** The statements that speak of the question. */
export function matchingStatements(statements: readonly Statement[], question: Question): Statement[] {
  return statements.filter(
    (statement) =>
      matchesAction(statement, question.action) &&
      matchesResource(statement, question.resource) &&
      names(statement.Principal, question.principal) !== undefined &&
      conditionHolds(statement.Condition ?? {}, question.context),
  );
}

/** Whether a statement speaks of the action. */
export function matchesAction({ Action, NotAction }: Statement, action: string): boolean {
  const matches = (pattern: unknown) => matchesWildcard(action.toLowerCase(), String(pattern).toLowerCase());
  return NotAction === undefined ? toList(Action).some(matches) : !toList(NotAction).some(matches);
}

function matchesResource({ Resource, NotResource }: Statement, resource: string): boolean {
  const matches = (pattern: unknown) => matchesWildcard(resource, String(pattern));
  if (NotResource !== undefined) return !toList(NotResource).some(matches);
  return toList(Resource).some(matches);
}

/**
 * How a statement names who asks. A policy of an identity names no principal; one of a resource names services, roles,
 * the whole account or everybody. Source: IAM, "AWS JSON policy elements: Principal", where the account's name only
 * delegates to the policies of its identities.
 */
function names(principal: unknown, asker: string): 'itself' | 'account' | undefined {
  if (principal === undefined || principal === '*') return 'itself';
  const { AWS, Service } = principal as { AWS?: unknown; Service?: unknown };
  const named = [...toList(AWS), ...toList(Service)];
  if (named.includes('*') || named.includes(asker)) return 'itself';
  const account = asker.split(':')[4];
  return named.includes(account) || named.includes(`arn:aws:iam::${account}:root`) ? 'account' : undefined;
}
