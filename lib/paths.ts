import { fileURLToPath } from 'node:url';

/** The folder that holds lib/, lambdas/ and statemachines/. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** `open-task` → `OpenTask`: construct ids and substitution keys. */
export const pascalCase = (name: string): string =>
  name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
