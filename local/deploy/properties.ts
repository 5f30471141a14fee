import type { Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';

/** What the embedded cloud does with the properties of a type; any other property is refused. */
export interface PropertyLists {
  readonly used: readonly string[];
  /** Without an effect on a laptop: descriptions, tags, tracing and the like. */
  readonly ignored: readonly string[];
}

/** Refuses properties that the lists don't name, so that nothing of a template is lost silently. */
export function checkProperties(properties: object, lists: PropertyLists, where = ''): void {
  const known = new Set([...lists.used, ...lists.ignored]);
  const unknown = Object.keys(properties).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => `${where}${name}`).join(', ');
  throw new TemplateUnsupported(`property not implemented: ${names}`);
}

/** A resource as problems name it. */
export function placeOf(resource: Resource): string {
  return `${resource.stack}/${resource.logicalId} (${resource.type})`;
}

/** The ARN of a resource whose type has one. */
export function arnOf(resource: Resource): string {
  return resource.attributes['Arn'] ?? resource.ref;
}

/** A property that must be there and be text. */
export function textOf(properties: Readonly<Record<string, unknown>>, name: string): string {
  const value = properties[name];
  if (typeof value !== 'string' || value === '')
    throw new TemplateUnsupported(`property ${name} must be text`);
  return value;
}

/** Tags as templates list them, by their keys. */
export function tagsOf(tags: readonly { Key: string; Value: string }[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}
