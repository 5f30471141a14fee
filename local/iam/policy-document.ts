import { toList } from './conditions.ts';
import { type Statement, statementsOf } from './policy.ts';

/** Whom a document is attached to: that decides which elements its statements must and may have. */
export type PolicyKind = 'identity' | 'trust' | 'resource';

/** Source: IAM, "Grammar of the IAM JSON policy language". */
const ELEMENTS: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

/** Without `ForAnyValue:`, `ForAllValues:` and `IfExists`. Source: IAM, "IAM JSON policy elements: Condition operators". */
const OPERATOR =
  /^(?:(?:ForAnyValue|ForAllValues):)?(?:(?:String(?:Not)?(?:Equals|EqualsIgnoreCase|Like)|(?:Numeric|Date)(?:(?:Not)?Equals|(?:LessThan|GreaterThan)(?:Equals)?)|Bool|BinaryEquals|(?:Not)?IpAddress|Arn(?:Not)?(?:Equals|Like))(?:IfExists)?|Null)$/;

/** `*`, or a service and its action. */
const ACTION = /^(?:\*|[a-z][a-z0-9-]*:[\w*?]+)$/i;

/** Partition, service, region, account, resource; the last three may be empty or patterns. Source: IAM, "Identify AWS resources with ARNs". */
const ARN = /^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/;

/** What IAM refuses as MalformedPolicyDocument, a problem a fault, in its own words as far as they are known. */
export function malformedDocument(document: unknown, kind: PolicyKind): string[] {
  const statements = statementsOf(document);
  const problems =
    statements.length === 0
      ? ['Syntax errors in policy. (no statement)']
      : statements.flatMap((statement) => statementProblems(statement, kind));
  return problems.map((problem) => `MalformedPolicyDocument: ${problem}`);
}

function statementProblems(statement: Statement, kind: PolicyKind): string[] {
  const unknown = Object.keys(statement).filter((element) => !ELEMENTS.has(element));
  return [
    ...unknown.map((element) => `Syntax errors in policy. (${element})`),
    ...(statement.Effect === 'Allow' || statement.Effect === 'Deny'
      ? []
      : [`Syntax errors in policy. (Effect ${statement.Effect})`]),
    ...actionProblems(statement),
    ...resourceProblems(statement, kind),
    ...principalProblems(statement, kind),
    ...conditionProblems(statement),
  ];
}

function actionProblems({ Action, NotAction }: Statement): string[] {
  const actions = toList(Action ?? NotAction).map(String);
  if (actions.length === 0) return ['Policy statement must contain actions.'];
  return actions
    .filter((action) => !ACTION.test(action))
    .map(
      (action) => `Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (${action})`,
    );
}

/** A trust policy is about its own role and names no resource. */
function resourceProblems({ Resource, NotResource }: Statement, kind: PolicyKind): string[] {
  const resources = toList(Resource ?? NotResource).map(String);
  if (kind === 'trust') return resources.length > 0 ? ['Has prohibited field Resource'] : [];
  if (resources.length === 0) return ['Policy statement must contain resources.'];
  return resources
    .filter((resource) => resource !== '*' && !ARN.test(resource))
    .map((resource) => `Resource ${resource} must be in ARN format or "*".`);
}

function principalProblems({ Principal, NotPrincipal }: Statement, kind: PolicyKind): string[] {
  const named = Principal !== undefined || NotPrincipal !== undefined;
  if (kind === 'identity') return named ? ['Policy document should not specify a principal.'] : [];
  return named ? [] : ['Missing required field Principal'];
}

function conditionProblems({ Condition = {} }: Statement): string[] {
  return Object.entries(Condition).flatMap(([operator, keys]) => [
    ...(OPERATOR.test(operator) ? [] : [`Invalid Condition type : ${operator}.`]),
    ...Object.keys(keys)
      .filter((key) => !key.includes(':'))
      .map((key) => `Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (${key})`),
  ]);
}
