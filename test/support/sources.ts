import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const NOT_SOURCE = new Set(['node_modules', 'cdk.out', 'coverage', 'dist']);

/** Every source file below a folder. */
export function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (NOT_SOURCE.has(name) || name.startsWith('.')) return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.(ts|mts|mjs|js)$/.test(name) ? [path] : [];
  });
}
