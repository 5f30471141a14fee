/** Where a value breaks its schema, as zod tells it. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What zod says of a field that is not there. */
const MISSING = /, received undefined$/;

/**
 * What is wrong with a value, field by field, for the first sentence of a refusal: never what a field holds.
 *
 * @param whole how the sentence calls the value itself
 */
export const mistakesOf = (issues: readonly Issue[], whole: string): string =>
  issues
    .map(
      ({ path, message }) =>
        `${path.map(String).join('.') || whole}: ${MISSING.test(message) ? 'is missing' : message}`,
    )
    .join('; ');

/** A text of somebody else as a sentence: it may lack its full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
