import { createHash } from 'node:crypto';
import { AccessDenied, type Authorize, type RoleCall, type ServiceCall } from '../hooks.ts';
import type { RoleCredentials } from '../lambda/variables.ts';
import {
  evaluate,
  matchesAction,
  matchingStatements,
  type Question,
  type Statement,
  type Verdict,
} from './policy.ts';
import { createRoles, type Roles } from './roles.ts';
import { createUsage, type GrantUse } from './usage.ts';

/** The credentials of whoever runs the embedded cloud: everything is allowed. */
export const ADMIN_CREDENTIALS: RoleCredentials = {
  accessKeyId: 'AKIALOCALADMIN000000',
  secretAccessKey: 'local',
  sessionToken: 'local',
};

export interface Iam extends Pick<Roles, 'addStatements' | 'withhold'> {
  /** `trust`: statements of the role's trust policy. Without any, no service may act as it. */
  addRole(roleArn: string, trust?: readonly Statement[]): void;
  /** Adds statements of a resource's own policy (a bucket's, a queue's, a function's); they hold for what lies below it too. */
  addResourcePolicy(resourceArn: string, statements: readonly Statement[]): void;
  /** Sets a key's policy; a key without one has KMS's default, which leaves everything to the account's identities. */
  setKeyPolicy(keyArn: string, statements: readonly Statement[]): void;
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
  authorizeRole(roleArn: string, call: RoleCall): void;
  /** Refuses what a resource's policy doesn't allow a service to do by itself, such as EventBridge calling a function. */
  authorizeService(service: string, call: RoleCall): void;
  /** Refuses when the role's trust policy doesn't let this service (lambda.amazonaws.com) act as it. */
  assertTrusts(roleArn: string, service: string): void;
  /** Every right of every role, with the number of allowed calls that used it. */
  usage(): GrantUse[];
  /** How many calls of a role were refused an action because nothing allows it. */
  refusals(roleArn: string, action: string): number;
  resetUsage(): void;
}

/** A call for which a role's own right and the key's policy are both needed. */
const isKeyCall = ({ action }: RoleCall): boolean => action.startsWith('kms:');

/**
 * Identity policies of roles and policies of resources, all in one account: an Allow of either suffices, a Deny of
 * either refuses. A key's policy alone can also leave the choice to the identities, or not. Sources: IAM, "Policy
 * evaluation logic for requests within a single account"; KMS, "Key policies in AWS KMS".
 */
export function createIam(): Iam {
  const roles = createRoles();
  const usage = createUsage();
  const byAccessKey = new Map<string, string>();
  const resourcePolicies = new Map<string, Statement[]>();
  const keyPolicies = new Map<string, readonly Statement[]>();
  const keyAliases = new Map<string, string[]>();

  function resourceVerdict(question: Question): Verdict {
    const { resource, action } = question;
    if (action.startsWith('kms:')) {
      const policy = keyPolicies.get(resource);
      return policy ? evaluate(policy, question) : 'delegated';
    }
    const statements = [...resourcePolicies].flatMap(([arn, own]) =>
      resource === arn || resource.startsWith(`${arn}/`) ? own : [],
    );
    return evaluate(statements, question);
  }

  function authorizeRole(roleArn: string, call: RoleCall): void {
    const context = {
      ...requestContext(call),
      'aws:PrincipalArn': roleArn,
      'aws:PrincipalAccount': roleArn.split(':')[4],
      'kms:ResourceAliases': keyAliases.get(call.resource),
      ...call.context,
    };
    const question = { action: call.action, resource: call.resource, principal: roleArn, context };
    const own = roles.statementsOf(roleArn);
    const identity = evaluate(own, question);
    const resource = resourceVerdict(question);
    if (identity === 'denied' || resource === 'denied') throw denied(roleArn, call, 'with an explicit deny');
    if (isKeyCall(call) && resource === 'not mentioned') {
      throw denied(roleArn, call, `because no resource-based policy allows the ${call.action} action`);
    }
    if (identity === 'allowed') usage.note(roleArn, matchingStatements(own, question), question);
    if (identity === 'allowed' || resource === 'allowed') return;
    usage.noteRefusal(roleArn, call.action);
    throw denied(roleArn, call, `because no identity-based policy allows the ${call.action} action`);
  }

  function roleOf(accessKeyId: string): string {
    const roleArn = byAccessKey.get(accessKeyId);
    if (!roleArn) throw new AccessDenied('The security token included in the request is invalid.');
    return roleArn;
  }

  return {
    addRole(roleArn, trust = []) {
      roles.add(roleArn, trust);
      byAccessKey.set(accessKeyOf(roleArn), roleArn);
    },
    addStatements: roles.addStatements,
    withhold: roles.withhold,
    addResourcePolicy(resourceArn, statements) {
      resourcePolicies.set(resourceArn, [...(resourcePolicies.get(resourceArn) ?? []), ...statements]);
    },
    setKeyPolicy(keyArn, statements) {
      // In a key's policy "*" is this key. Source: KMS, "Elements in a key policy".
      keyPolicies.set(keyArn, statements);
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
      if (roles.statementsOf(roleArn).some(allows)) return;
      const why = `because no identity-based policy allows the ${action} action`;
      throw denied(roleArn, { action, resource: '*' }, why);
    },
    authorizeRole,
    authorizeService(service, call) {
      const context = { ...requestContext(call), ...call.context };
      const question = { action: call.action, resource: call.resource, principal: service, context };
      if (resourceVerdict(question) === 'allowed') return;
      throw new AccessDenied(
        `${service} is not authorized to perform: ${call.action} on resource: ${call.resource} because no resource-based policy allows the ${call.action} action`,
      );
    },
    assertTrusts: roles.assertTrusts,
    usage: () => usage.table(roles.all()),
    refusals: usage.refusals,
    resetUsage: usage.reset,
  };
}

/** What holds of every request here: loopback stands for TLS 1.3. */
function requestContext({ action, region }: RoleCall) {
  return {
    'aws:SecureTransport': 'true',
    'aws:RequestedRegion': region,
    ...(action.startsWith('s3:') && { 's3:TlsVersion': '1.3' }),
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
