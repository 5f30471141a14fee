import { readFileSync } from 'node:fs';
import type { Assembly, Resource } from './assembly.ts';
import { TemplateUnsupported } from './intrinsics.ts';

/**
 * The text of a state machine's definition with its DefinitionSubstitutions applied: `${Key}` becomes the value,
 * a `${…}` without a value stays. Source: CloudFormation, AWS::StepFunctions::StateMachine.
 */
export function definitionText(resource: Resource, assembly: Assembly): string {
  const { DefinitionString, DefinitionS3Location, Definition, DefinitionSubstitutions } = resource.properties;
  let text: string;
  if (typeof DefinitionString === 'string') text = DefinitionString;
  else if (Definition !== undefined) text = JSON.stringify(Definition);
  else {
    const key = (DefinitionS3Location as { Key?: string } | undefined)?.Key ?? '';
    const file = assembly.asset(key);
    if (!file)
      throw new TemplateUnsupported(`the definition's asset ${key || '(none named)'} is not in the assembly`);
    text = readFileSync(file, 'utf8');
  }
  const values = (DefinitionSubstitutions ?? {}) as Record<string, unknown>;
  return text.replaceAll(/\$\{([\w-]+)\}/g, (whole, key: string) =>
    Object.hasOwn(values, key) ? String(values[key]) : whole,
  );
}
