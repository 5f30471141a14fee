import { matchesWildcard, toList } from './conditions.ts';
import { neverAsked } from './never-asked.ts';
import { matchesAction, type Question, type Statement } from './policy.ts';

/** One action on one resource pattern that a role's policies allow, and how many allowed calls have used it. */
export interface GrantUse {
  readonly roleArn: string;
  readonly action: string;
  readonly resource: string;
  readonly uses: number;
}

/** An action that a role may do and nothing has done. */
export interface UnusedAction {
  readonly roleArn: string;
  readonly action: string;
  readonly resources: readonly string[];
  /** Why the embedded cloud can't see its use; absent when it could have. */
  readonly reason?: string;
}

/** Counts what is used of the rights of roles. */
export interface Usage {
  /** Notes an allowed call with the statements that allowed it. */
  note(roleArn: string, statements: readonly Statement[], question: Question): void;
  /** Notes a call that was refused for want of this action. */
  noteRefusal(roleArn: string, action: string): void;
  /** How many calls of a role were refused this action. */
  refusals(roleArn: string, action: string): number;
  /** Every right of these roles, used or not. */
  table(roles: ReadonlyMap<string, readonly Statement[]>): GrantUse[];
  /** Starts counting anew. */
  reset(): void;
}

export function createUsage(): Usage {
  const counts = new Map<string, number>();
  const refusals = new Map<string, number>();
  const keyOf = (roleArn: string, action: unknown, resource: unknown) => `${roleArn} ${action} ${resource}`;
  return {
    note(roleArn, statements, { action, resource }) {
      for (const statement of statements) {
        const actions = toList(statement.Action).filter((one) =>
          matchesAction({ ...statement, Action: String(one) }, action),
        );
        const resources = toList(statement.Resource).filter((one) => matchesWildcard(resource, String(one)));
        for (const one of actions) {
          for (const pattern of resources) {
            const key = keyOf(roleArn, one, pattern);
            counts.set(key, (counts.get(key) ?? 0) + 1);
          }
        }
      }
    },
    noteRefusal(roleArn, action) {
      const key = `${roleArn} ${action}`;
      refusals.set(key, (refusals.get(key) ?? 0) + 1);
    },
    refusals: (roleArn, action) => refusals.get(`${roleArn} ${action}`) ?? 0,
    table(roles) {
      const rows = new Map<string, GrantUse>();
      for (const [roleArn, statements] of roles) {
        for (const { Effect, Action, Resource } of statements) {
          if (Effect !== 'Allow') continue;
          for (const action of toList(Action).map(String)) {
            for (const resource of toList(Resource).map(String)) {
              const key = keyOf(roleArn, action, resource);
              rows.set(key, { roleArn, action, resource, uses: counts.get(key) ?? 0 });
            }
          }
        }
      }
      return [...rows.values()];
    },
    reset() {
      counts.clear();
      refusals.clear();
    },
  };
}

/** The actions of which no resource was used, each with the reason if the embedded cloud never asks for it. */
export function unusedActions(table: readonly GrantUse[]): UnusedAction[] {
  const groups = Map.groupBy(table, ({ roleArn, action }) => `${roleArn} ${action}`);
  return [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    if (!first || rows.some(({ uses }) => uses > 0)) return [];
    const { roleArn, action } = first;
    const reason = neverAsked(action);
    return [{ roleArn, action, resources: rows.map(({ resource }) => resource), ...(reason && { reason }) }];
  });
}
