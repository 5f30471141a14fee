/**
 * Values in PostgreSQL's COPY text format.
 * Source: PostgreSQL documentation, COPY, "Text Format", and "Array Input and Output Syntax".
 */
export const NULL = '\\N';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

export const text = (value: string): string =>
  /[\\\t\n\r]/.test(value)
    ? value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] as string)
    : value;

export const json = (value: unknown): string => text(JSON.stringify(value));

export const textArray = (values: readonly string[]): string =>
  text(`{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`);

export const numberArray = (values: readonly number[]): string => `{${values.join(',')}}`;

export const bytes = (hex: string): string => `\\\\x${hex}`;

export const boolean = (value: boolean): string => (value ? 't' : 'f');
