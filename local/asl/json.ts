/** Any JSON value: what flows through a state machine. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bytes of the value's compact UTF-8 text, the size that Step Functions holds against its limits. */
export function byteLength(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** The name that Step Functions gives to a value's type in its messages. */
export function typeName(value: Json): 'null' | 'array' | 'object' | 'string' | 'number' | 'boolean' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'object' | 'string' | 'number' | 'boolean';
}
