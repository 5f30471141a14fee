import { AccessDenied } from '../hooks.ts';
import { toList } from './conditions.ts';
import { evaluate, type Statement } from './policy.ts';

/** The roles with their own policies and who may act as each. */
export interface Roles {
  add(roleArn: string, trust: readonly Statement[]): void;
  /** Adds statements to a role's identity policy. Throws for a role that doesn't exist. */
  addStatements(roleArn: string, statements: readonly Statement[]): void;
  /** What its identity policies say now, without what is withheld. */
  statementsOf(roleArn: string): readonly Statement[];
  /** Takes one action (as its policies write it) away from a role until the answer is called: to see what needs it. */
  withhold(roleArn: string, action: string): () => void;
  /** Refuses when the role's trust policy doesn't let this service act as it. */
  assertTrusts(roleArn: string, service: string): void;
  /** Everything that was added, also what is withheld. */
  all(): ReadonlyMap<string, readonly Statement[]>;
}

export function createRoles(): Roles {
  const statements = new Map<string, Statement[]>();
  const trusts = new Map<string, readonly Statement[]>();
  const withheld = new Map<string, Set<string>>();

  return {
    add(roleArn, trust) {
      statements.set(roleArn, statements.get(roleArn) ?? []);
      trusts.set(roleArn, trust);
    },
    addStatements(roleArn, more) {
      const own = statements.get(roleArn);
      if (!own) throw new Error(`No role has the ARN ${roleArn}`);
      own.push(...more);
    },
    statementsOf(roleArn) {
      const own = statements.get(roleArn) ?? [];
      const without = withheld.get(roleArn);
      return without?.size ? own.map((statement) => lacking(statement, without)) : own;
    },
    withhold(roleArn, action) {
      const without = withheld.get(roleArn) ?? new Set();
      withheld.set(roleArn, without.add(action));
      return () => void without.delete(action);
    },
    assertTrusts(roleArn, service) {
      const account = roleArn.split(':')[4] ?? '';
      const question = {
        action: 'sts:AssumeRole',
        resource: roleArn,
        principal: service,
        context: { 'aws:SourceAccount': account },
      };
      // A trust policy names no resource: it is about its own role.
      const trust = (trusts.get(roleArn) ?? []).map((one): Statement => ({ ...one, Resource: '*' }));
      if (evaluate(trust, question) === 'allowed') return;
      throw new AccessDenied(
        `The role ${roleArn} can't be assumed by ${service}: its trust policy doesn't let that service perform sts:AssumeRole`,
      );
    },
    all: () => statements,
  };
}

function lacking(statement: Statement, withheld: ReadonlySet<string>): Statement {
  const { Action } = statement;
  if (statement.Effect !== 'Allow' || Action === undefined) return statement;
  return {
    ...statement,
    Action: toList(Action)
      .map(String)
      .filter((action) => !withheld.has(action)),
  };
}
