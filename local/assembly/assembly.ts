import { IDENTIFYING, IDENTITIES, type Identity, IGNORED_TYPES, madeUpName } from './identities.ts';
import { NO_VALUE, resolve, type Scope, TemplateUnsupported } from './intrinsics.ts';
import { readStacks, type StackTemplate, type TemplateResource } from './manifest.ts';

/** One resource of the assembly with every intrinsic of its properties resolved. */
export interface Resource {
  readonly stack: string;
  readonly region: string;
  readonly account: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What Ref answers. */
  readonly ref: string;
  /** What Fn::GetAtt answers. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Assembly {
  readonly regions: readonly string[];
  readonly account: string;
  /** Resources in the order of the templates; those whose Condition is false are left out. */
  readonly resources: readonly Resource[];
  /** Everything that can't be run, each naming its stack and logical id. */
  readonly problems: readonly string[];
  /** Directory or file of an asset by its object key. */
  asset(objectKey: string): string | undefined;
  /** Directory that a container image of the assembly is built of, by the image's URI. */
  image(uri: string): string | undefined;
}

/** Reads and resolves a synthesized assembly (cdk.out). Throws AssemblyUnreadable when there is none. */
export function readAssembly(directory: string): Assembly {
  const stacks = readStacks(directory);
  const resources: Resource[] = [];
  const problems: string[] = [];
  for (const stack of stacks) readResources(stack, resources, problems);
  const assets = new Map(stacks.flatMap((stack) => [...stack.assets]));
  const images = new Map(stacks.flatMap((stack) => [...stack.images]));
  const accounts = new Set(stacks.map((stack) => stack.account));
  if (accounts.size > 1)
    problems.push(`The stacks are in ${accounts.size} accounts; the embedded cloud has one`);
  return {
    regions: [...new Set(stacks.map((stack) => stack.region))],
    account: stacks[0]?.account ?? '',
    resources,
    problems,
    asset: (objectKey) => assets.get(objectKey),
    image: (uri) => images.get(uri.slice(uri.lastIndexOf(':') + 1)),
  };
}

function readResources(stack: StackTemplate, resources: Resource[], problems: string[]): void {
  const scope = createScope(stack);
  for (const [logicalId, resource] of Object.entries(stack.template.Resources ?? {})) {
    if (IGNORED_TYPES.has(resource.Type)) continue;
    const where = `${stack.name}/${logicalId} (${resource.Type})`;
    if (!IDENTITIES[resource.Type]) {
      problems.push(`${where}: resource type not implemented`);
      continue;
    }
    try {
      if (resource.Condition !== undefined && !scope.condition(resource.Condition)) continue;
      const properties = resolve(resource.Properties ?? {}, scope) as Record<string, unknown>;
      const { region, account, name } = stack;
      resources.push({
        stack: name,
        region,
        account,
        logicalId,
        type: resource.Type,
        properties,
        ...scope.identity(logicalId),
      });
    } catch (error) {
      if (!(error instanceof TemplateUnsupported)) throw error;
      problems.push(`${where}: ${error.message}`);
    }
  }
}

/** Scope of one stack; names are resolved when first asked for, since any resource may refer to any other. */
function createScope(stack: StackTemplate): Scope & { identity(logicalId: string): Identity } {
  const { template, region, account } = stack;
  const identities = new Map<string, Identity | 'resolving'>();
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::Region': region,
    'AWS::AccountId': account,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stack.name,
    'AWS::NoValue': NO_VALUE,
  };

  function identity(logicalId: string): Identity {
    const known = identities.get(logicalId);
    if (known === 'resolving') throw new TemplateUnsupported(`the name of ${logicalId} depends on itself`);
    if (known) return known;
    const resource = template.Resources?.[logicalId];
    const rule = resource && IDENTITIES[resource.Type];
    if (!resource || !rule) {
      const why = resource
        ? `of type ${resource.Type}, which has no identity here`
        : "which isn't in the template";
      throw new TemplateUnsupported(`reference to ${logicalId}, ${why}`);
    }
    identities.set(logicalId, 'resolving');
    try {
      const place = { stack: stack.name, region, account, logicalId };
      const name = nameOf(resource, rule.nameProperty) ?? madeUpName(place, rule);
      const identifying = IDENTIFYING.map(
        (key) => [key, resolve(resource.Properties?.[key], scope)] as const,
      );
      const given = Object.fromEntries(identifying.filter(([, value]) => value !== undefined));
      const found = rule.identify(name, place, given);
      identities.set(logicalId, found);
      return found;
    } catch (error) {
      identities.delete(logicalId);
      throw error;
    }
  }

  function nameOf(resource: TemplateResource, nameProperty: string | undefined): string | undefined {
    const name = nameProperty && resolve(resource.Properties?.[nameProperty], scope);
    return typeof name === 'string' ? name : undefined;
  }

  const scope: Scope & { identity(logicalId: string): Identity } = {
    identity,
    ref(name) {
      if (Object.hasOwn(pseudo, name)) return pseudo[name];
      if (template.Resources?.[name]) return identity(name).ref;
      return template.Parameters?.[name]?.Default;
    },
    attribute(logicalId, attribute) {
      const value = identity(logicalId).attributes[attribute];
      if (value === undefined) {
        const type = template.Resources?.[logicalId]?.Type;
        throw new TemplateUnsupported(`Fn::GetAtt of ${logicalId}.${attribute} (${type})`);
      }
      return value;
    },
    condition(name) {
      const definition = template.Conditions?.[name];
      if (definition === undefined) throw new TemplateUnsupported(`condition ${name}, which isn't defined`);
      return resolve(definition, scope);
    },
  };
  return scope;
}
