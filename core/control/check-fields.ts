import { type Field, TankerError } from '@tanker/contract/index.ts';
import { placeOf } from './checks.ts';
import type { Answer } from './prospect.ts';
import { UNTOUCHED } from './refusal.ts';

/** What a field of the source would meet at the target; undefined when it fits. */
function misfit(field: Field, here: readonly Field[]): string | undefined {
  const found = here.find(({ name }) => name === field.name);
  if (!found) return `has no field ${field.name}`;
  return found.type === field.type ? undefined : `has ${field.name} as ${found.type}, not ${field.type}`;
}

/**
 * Every field that the source exports has its place at the target, and the target demands none that the source has not:
 * told before the lock, where providers tell their fields.
 */
export function checkFields(source: Answer, target: Answer): void {
  for (const [collection, fields] of Object.entries(source.describe.fields ?? {})) {
    const here = target.describe.fields?.[collection];
    if (!here) continue;
    const missing = here.find(
      ({ name, required }) => required && !fields.some((field) => field.name === name),
    );
    const problem =
      fields.map((field) => misfit(field, here)).find((found) => found !== undefined) ??
      (missing && `demands the field ${missing.name}, which the source does not have`);
    if (problem === undefined) continue;
    throw new TankerError('FormatUnreadable', {
      what: `The collection ${collection} differs: ${placeOf(target)} ${problem}; ${placeOf(source)} is the source.`,
      now: UNTOUCHED,
      next: 'Bring both locations to the same schema first: what is added may be empty or has a default, and is added at the target first.',
    });
  }
}
