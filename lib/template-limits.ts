/** What AWS refuses by its size, and only when a template is deployed: measured when it is synthesized. */

/** What IAM takes, in characters without white space. Source: IAM, "IAM and AWS STS quotas". */
const INLINE_CHARACTERS = 10_240;
const MANAGED_CHARACTERS = 6144;
/** Managed policies of a role, unless the account's quota was raised (to at most 20). */
const MANAGED_POLICIES = 10;

/** Variables of a function, names and values together. Source: Lambda quotas. */
const ENVIRONMENT_OCTETS = 4096;

/** Source: CloudFormation quotas, "Template body size in an object". The 500 resources are counted by the CDK itself. */
const TEMPLATE_OCTETS = 1_000_000;

/**
 * A reference (Ref, Fn::GetAtt, Fn::Join, …) has no value before the deployment. The longest that stand for one here are
 * ARNs: a role's is 31 + 64 characters, a function's 53 + 64, a queue's 44 + 80.
 */
const REFERENCE = 'x'.repeat(128);

/** A template as it is uploaded. */
export interface TemplateText {
  readonly stack: string;
  readonly text: string;
}

/** Something of a template beside what AWS takes of it. */
export interface Measured {
  /** With its stack, such as `tanker-eu: the role ImportRole1234`. */
  readonly what: string;
  readonly size: number;
  readonly quota: number;
  readonly unit: string;
  readonly advice: string;
}

type Properties = Readonly<Record<string, unknown>>;
/** The properties of each resource of a type, by its logical id. */
type OfType = (type: string) => [id: string, properties: Properties][];

const FEWER_RIGHTS = 'Name fewer datacenters, or say the same by fewer statements in lib/statements.ts.';
const FEWER_VALUES = 'Name fewer subnets and security groups.';
const FEWER_PARTS = 'Name fewer datacenters or providers, or divide the stack.';

const isReference = (value: unknown): boolean => {
  if (value === null || typeof value !== 'object') return false;
  const [key = '', ...others] = Object.keys(value);
  return others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'));
};

/** Characters of a policy document as IAM counts them. */
const policySize = (document: unknown): number =>
  JSON.stringify(document, (_, value: unknown) => (isReference(value) ? REFERENCE : value)).replaceAll(
    /\s/g,
    '',
  ).length;

/** The logical ids of the roles that a policy names. */
const rolesOf = (policy: Properties): string[] =>
  ((policy['Roles'] ?? []) as { Ref?: string }[]).flatMap(({ Ref }) => Ref ?? []);

function roles(ofType: OfType): Measured[] {
  const policiesOf = (type: string, role: string) =>
    ofType(type).flatMap(([, policy]) => (rolesOf(policy).includes(role) ? [policy] : []));
  return ofType('AWS::IAM::Role').flatMap(([role, { Policies = [], ManagedPolicyArns = [] }]) => {
    const inline = [...(Policies as Properties[]), ...policiesOf('AWS::IAM::Policy', role)];
    const attached = [...(ManagedPolicyArns as unknown[]), ...policiesOf('AWS::IAM::ManagedPolicy', role)];
    const size = inline.reduce((sum, policy) => sum + policySize(policy['PolicyDocument']), 0);
    const what = `the role ${role}`;
    return [
      { what, size, quota: INLINE_CHARACTERS, unit: 'characters of inline policies', advice: FEWER_RIGHTS },
      {
        what,
        size: attached.length,
        quota: MANAGED_POLICIES,
        unit: 'managed policies',
        advice: FEWER_RIGHTS,
      },
    ];
  });
}

const managedPolicies = (ofType: OfType): Measured[] =>
  ofType('AWS::IAM::ManagedPolicy').map(([id, policy]) => ({
    what: ['the managed policy', id, ...rolesOf(policy).map((role) => `of the role ${role}`)].join(' '),
    size: policySize(policy['PolicyDocument']),
    quota: MANAGED_CHARACTERS,
    unit: 'characters',
    advice: FEWER_RIGHTS,
  }));

const environments = (ofType: OfType): Measured[] =>
  ofType('AWS::Lambda::Function').map(([id, { Environment }]) => {
    const { Variables = {} } = (Environment ?? {}) as { Variables?: Properties };
    const texts = Object.entries(Variables).flatMap(([name, value]) => [
      name,
      isReference(value) ? REFERENCE : String(value),
    ]);
    return {
      what: `the environment of the function ${id}`,
      size: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      quota: ENVIRONMENT_OCTETS,
      unit: 'octets',
      advice: FEWER_VALUES,
    };
  });

/** Every size of a template that AWS limits. */
export function measure({ stack, text }: TemplateText): Measured[] {
  const { Resources = {} } = JSON.parse(text) as {
    Resources?: Readonly<Record<string, { Type: string; Properties?: Properties }>>;
  };
  const ofType: OfType = (type) =>
    Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) =>
      Type === type ? [[id, Properties]] : [],
    );
  const size = Buffer.byteLength(text);
  return [
    { what: 'the template', size, quota: TEMPLATE_OCTETS, unit: 'octets', advice: FEWER_PARTS },
    ...roles(ofType),
    ...managedPolicies(ofType),
    ...environments(ofType),
  ].map((measured) => ({ ...measured, what: `${stack}: ${measured.what}` }));
}

/** AWS would refuse the templates; the message names each part that is too large, and what to do. */
export class TemplatesTooLarge extends Error {
  override readonly name = 'TemplatesTooLarge';
}

/** @throws TemplatesTooLarge */
export function refuseTooLarge(templates: readonly TemplateText[]): void {
  const lines = templates
    .flatMap(measure)
    .filter(({ size, quota }) => size > quota)
    .map(
      ({ what, size, quota, unit, advice }) => `  ${what} has ${size} ${unit}; AWS takes ${quota}. ${advice}`,
    );
  if (lines.length === 0) return;
  throw new TemplatesTooLarge(`The templates can't be deployed:\n${lines.join('\n')}`);
}
