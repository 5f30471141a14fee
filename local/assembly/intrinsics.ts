/** What an expression of a template may refer to. */
export interface Scope {
  /** A pseudo parameter's, parameter's or resource's Ref; undefined when there is none of this name. */
  ref(name: string): unknown;
  /** An attribute of a resource; throws {@link TemplateUnsupported} for one that is not known. */
  attribute(logicalId: string, attribute: string): string;
  /** Throws {@link TemplateUnsupported} for a condition that the template doesn't define. */
  condition(name: string): unknown;
}

/** The template uses something that the embedded cloud doesn't implement. */
export class TemplateUnsupported extends Error {
  override readonly name = 'TemplateUnsupported';
}

/** Stands for AWS::NoValue: the property or list element is left out. */
export const NO_VALUE = Symbol('AWS::NoValue');

type Intrinsic = (argument: unknown, scope: Scope) => unknown;

/** Source of each: CloudFormation's intrinsic function reference. */
const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, scope) => {
    const value = scope.ref(String(name));
    if (value === undefined)
      throw new TemplateUnsupported(`Ref to '${name}', which the template doesn't define`);
    return value;
  },
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId = '', ...attribute] =
      typeof argument === 'string' ? argument.split('.') : strings(argument, scope);
    return scope.attribute(logicalId, attribute.join('.'));
  },
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = list(argument, scope);
    return list(parts, scope).map(String).join(String(separator));
  },
  'Fn::Split': (argument, scope) => {
    const [separator, text] = list(argument, scope);
    return String(text).split(String(separator));
  },
  'Fn::Select': (argument, scope) => {
    const [index, items] = list(argument, scope);
    const item = list(items, scope)[Number(index)];
    if (item === undefined)
      throw new TemplateUnsupported(`Fn::Select of element ${index}, which doesn't exist`);
    return item;
  },
  'Fn::GetAZs': (region, scope) => {
    const named = resolve(region, scope);
    const name = String(named === '' || named === undefined ? scope.ref('AWS::Region') : named);
    return ['a', 'b', 'c'].map((zone) => `${name}${zone}`);
  },
  'Fn::Sub': (argument, scope) => {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
    return substitute(String(text), resolve(variables, scope) as Record<string, unknown>, scope);
  },
  'Fn::If': (argument, scope) => {
    const [name, yes, no] = argument as [string, unknown, unknown];
    return resolveOrNothing(scope.condition(name) ? yes : no, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(argument, scope);
    return String(left) === String(right);
  },
  'Fn::And': (argument, scope) => list(argument, scope).every(Boolean),
  'Fn::Or': (argument, scope) => list(argument, scope).some(Boolean),
  'Fn::Not': (argument, scope) => !list(argument, scope)[0],
  Condition: (name, scope) => scope.condition(String(name)),
};

/** The value with every intrinsic replaced by what it stands for. Throws {@link TemplateUnsupported}. */
export function resolve(value: unknown, scope: Scope): unknown {
  const resolved = resolveOrNothing(value, scope);
  return resolved === NO_VALUE ? undefined : resolved;
}

function resolveOrNothing(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string' && value.includes('{{resolve:')) {
    throw new TemplateUnsupported(
      `dynamic reference ${value.slice(value.indexOf('{{'), value.indexOf(':', value.indexOf('{{') + 10))}`,
    );
  }
  if (Array.isArray(value)) {
    return value.map((item) => resolveOrNothing(item, scope)).filter((item) => item !== NO_VALUE);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (only && entries.length === 1) {
    const [key, argument] = only;
    const isCondition = key === 'Condition' && typeof argument === 'string';
    const intrinsic = key === 'Condition' && !isCondition ? undefined : INTRINSICS[key];
    if (intrinsic) return intrinsic(argument, scope);
    if (key.startsWith('Fn::')) throw new TemplateUnsupported(`intrinsic ${key}`);
  }
  return Object.fromEntries(
    entries
      .map(([key, item]) => [key, resolveOrNothing(item, scope)] as const)
      .filter(([, item]) => item !== NO_VALUE),
  );
}

function list(argument: unknown, scope: Scope): unknown[] {
  const resolved = resolve(argument, scope);
  if (!Array.isArray(resolved)) throw new TemplateUnsupported(`an intrinsic whose argument is no list`);
  return resolved;
}

function strings(argument: unknown, scope: Scope): string[] {
  return list(argument, scope).map(String);
}

/** `${Name}` is a variable, a Ref or, with a dot, an attribute; `${!Name}` stays as `${Name}`. */
function substitute(text: string, variables: Readonly<Record<string, unknown>>, scope: Scope): string {
  return text.replaceAll(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (Object.hasOwn(variables, name)) return String(variables[name]);
    const dot = name.indexOf('.');
    if (dot > 0) return scope.attribute(name.slice(0, dot), name.slice(dot + 1));
    return String(resolve({ Ref: name }, scope));
  });
}
