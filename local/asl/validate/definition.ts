import type { Definition } from '../definition.ts';
export const RECORDED_RESOURCES: ReadonlySet<string> = new Set();
export function validateDefinition(_d: Definition, _o: object): string[] { return [] }
