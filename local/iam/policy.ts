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
  /** ARN of the role that asks; only statements with a Principal look at it. */
  readonly principal: string;
  readonly context: ConditionContext;
}

export type Verdict = 'allowed' | 'denied' | 'not mentioned';

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
      ...(statement.NotPrincipal === undefined ? [] : [`${at} has NotPrincipal, which is not implemented`]),
    ];
  });
}

/** A Deny wins over every Allow. Source: IAM, "Policy evaluation logic". */
export function evaluate(statements: readonly Statement[], question: Question): Verdict {
  const matching = statements.filter((statement) => applies(statement, question));
  if (matching.some((statement) => statement.Effect === 'Deny')) return 'denied';
  return matching.length > 0 ? 'allowed' : 'not mentioned';
}

function applies(statement: Statement, question: Question): boolean {
  return (
    matchesAction(statement, question.action) &&
    matchesResource(statement, question.resource) &&
    matchesPrincipal(statement.Principal, question.principal) &&
    conditionHolds(statement.Condition ?? {}, question.context)
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

/** A policy of an identity names no principal; one of a resource names roles, the whole account or everybody. */
function matchesPrincipal(principal: unknown, roleArn: string): boolean {
  if (principal === undefined || principal === '*') return true;
  const account = roleArn.split(':')[4];
  return toList((principal as { AWS?: unknown }).AWS).some(
    (one) => one === '*' || one === roleArn || one === account || one === `arn:aws:iam::${account}:root`,
  );
}
