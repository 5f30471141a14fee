import { createHash } from 'node:crypto';
import { AccessDenied, type Authorize, type ServiceCall } from '../hooks.ts';
import type { RoleCredentials } from '../lambda/variables.ts';
import { evaluate, matchesAction, type Statement } from './policy.ts';

/** The credentials of whoever runs the embedded cloud: everything is allowed. */
export const ADMIN_CREDENTIALS: RoleCredentials = {
  accessKeyId: 'AKIALOCALADMIN000000',
  secretAccessKey: 'local',
  sessionToken: 'local',
};

export interface Iam {
  addRole(roleArn: string): void;
  /** Adds statements to a role's identity policy. Throws for a role that doesn't exist. */
  addStatements(roleArn: string, statements: readonly Statement[]): void;
  /** Adds statements of a resource's own policy (a bucket's); they hold for what lies below it too. */
  addResourcePolicy(resourceArn: string, statements: readonly Statement[]): void;
  /** Notes an alias of a key: conditions may ask for it (kms:ResourceAliases). */
  addKeyAlias(keyArn: string, alias: string): void;
  /** Credentials by which the cloud knows the role again; the same in every run. */
  credentialsFor(roleArn: string): RoleCredentials;
  knows(accessKeyId: string): boolean;
  /** Refuses with {@link AccessDenied} what the caller's policies don't allow. */
  authorize: Authorize;
  /** Refuses an action that no policy of the caller allows for any resource at all. */
  authorizeAction(accessKeyId: string, action: string): void;
  /** The same as `authorize` for a service that acts as a role (Step Functions, EventBridge). */
  authorizeRole(roleArn: string, call: Omit<ServiceCall, 'accessKeyId'>): void;
}

/**
 * Identity policies of roles and policies of resources, all in one account: an Allow of either suffices, a Deny of
 * either refuses. Source: IAM, "Policy evaluation logic for requests within a single account". No service
 * here asks about keys: nothing is really encrypted.
 */
export function createIam(): Iam {
  const roles = new Map<string, Statement[]>();
  const byAccessKey = new Map<string, string>();
  const resourcePolicies = new Map<string, Statement[]>();
  const keyAliases = new Map<string, string[]>();

  function statementsFor(resource: string): Statement[] {
    return [...resourcePolicies].flatMap(([arn, statements]) =>
      resource === arn || resource.startsWith(`${arn}/`) ? statements : [],
    );
  }

  function authorizeRole(roleArn: string, call: Omit<ServiceCall, 'accessKeyId'>): void {
    const context = {
      'aws:SecureTransport': 'true',
      'aws:RequestedRegion': call.region,
      'aws:PrincipalArn': roleArn,
      'aws:PrincipalAccount': roleArn.split(':')[4],
      'kms:ResourceAliases': keyAliases.get(call.resource),
      ...call.context,
    };
    const question = { action: call.action, resource: call.resource, principal: roleArn, context };
    const identity = evaluate(roles.get(roleArn) ?? [], question);
    const resource = evaluate(statementsFor(call.resource), question);
    if (identity === 'denied' || resource === 'denied') throw denied(roleArn, call, 'with an explicit deny');
    if (identity === 'allowed' || resource === 'allowed') return;
    throw denied(roleArn, call, `because no identity-based policy allows the ${call.action} action`);
  }

  function roleOf(accessKeyId: string): string {
    const roleArn = byAccessKey.get(accessKeyId);
    if (!roleArn) throw new AccessDenied('The security token included in the request is invalid.');
    return roleArn;
  }

  return {
    addRole(roleArn) {
      roles.set(roleArn, roles.get(roleArn) ?? []);
      byAccessKey.set(accessKeyOf(roleArn), roleArn);
    },
    addStatements(roleArn, statements) {
      const own = roles.get(roleArn);
      if (!own) throw new Error(`No role has the ARN ${roleArn}`);
      own.push(...statements);
    },
    addResourcePolicy(resourceArn, statements) {
      resourcePolicies.set(resourceArn, [...(resourcePolicies.get(resourceArn) ?? []), ...statements]);
    },
    addKeyAlias(keyArn, alias) {
      keyAliases.set(keyArn, [...(keyAliases.get(keyArn) ?? []), alias]);
    },
    credentialsFor: (roleArn) => ({
      accessKeyId: accessKeyOf(roleArn),
      secretAccessKey: 'local',
      sessionToken: 'local',
    }),
    knows: (accessKeyId) => accessKeyId === ADMIN_CREDENTIALS.accessKeyId || byAccessKey.has(accessKeyId),
    authorize(call) {
      if (call.accessKeyId === ADMIN_CREDENTIALS.accessKeyId) return;
      authorizeRole(roleOf(call.accessKeyId), call);
    },
    authorizeAction(accessKeyId, action) {
      if (accessKeyId === ADMIN_CREDENTIALS.accessKeyId) return;
      const roleArn = roleOf(accessKeyId);
      const allows = (statement: Statement) =>
        statement.Effect === 'Allow' && matchesAction(statement, action);
      if (roles.get(roleArn)?.some(allows)) return;
      const why = `because no identity-based policy allows the ${action} action`;
      throw denied(roleArn, { action, resource: '*' }, why);
    },
    authorizeRole,
  };
}

function denied(roleArn: string, call: Pick<ServiceCall, 'action' | 'resource'>, why: string): AccessDenied {
  const [, account, name] = /^arn:aws:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
  const user = `arn:aws:sts::${account}:assumed-role/${name}/local`;
  return new AccessDenied(
    `User: ${user} is not authorized to perform: ${call.action} on resource: ${call.resource} ${why}`,
  );
}

/** ASIA and 16 characters, as temporary access keys look. */
function accessKeyOf(roleArn: string): string {
  return `ASIA${createHash('sha256').update(roleArn).digest('hex').slice(0, 16).toUpperCase()}`;
}
