import type { CloudEvent } from './rules.ts';

/** How a target's payload is made of the event; at most one of the three is set. */
export interface TargetInput {
  /** Constant JSON text. */
  readonly input?: string;
  /** JSONPath of the part that is sent. */
  readonly inputPath?: string;
  readonly inputTransformer?: {
    readonly inputPathsMap: Readonly<Record<string, string>>;
    readonly inputTemplate: string;
  };
}

/** The input can't be made: a path or a template that the embedded cloud doesn't understand. */
export class TargetInputUnsupported extends Error {
  override readonly name = 'TargetInputUnsupported';
}

/** Refuses, when a rule is registered, what {@link targetPayload} could not do later. */
export function assertTargetInput(target: TargetInput): void {
  if (target.input !== undefined) JSON.parse(target.input);
  const paths = Object.values(target.inputTransformer?.inputPathsMap ?? {});
  for (const path of [...paths, ...(target.inputPath === undefined ? [] : [target.inputPath])])
    parsePath(path);
  for (const [, name = ''] of target.inputTransformer?.inputTemplate.matchAll(PLACEHOLDER) ?? []) {
    const known = Object.hasOwn(target.inputTransformer?.inputPathsMap ?? {}, name) || name in RESERVED;
    if (!known) throw new TargetInputUnsupported(`the template's <${name}> has no path`);
  }
}

/** JSON text for the target. Source: EventBridge, "Amazon EventBridge input transformation". */
export function targetPayload(target: TargetInput, event: CloudEvent, ruleArn: string): string {
  if (target.input !== undefined) return target.input;
  if (target.inputPath !== undefined) return JSON.stringify(valueAt(event, target.inputPath) ?? null);
  if (target.inputTransformer) return transform(target.inputTransformer, event, ruleArn);
  return JSON.stringify(event);
}

const PLACEHOLDER = /<([\w.-]+)>/g;

/** Variables that need no path. */
const RESERVED: Readonly<Record<string, (event: CloudEvent, ruleArn: string) => unknown>> = {
  'aws.events.rule-arn': (_, ruleArn) => ruleArn,
  'aws.events.rule-name': (_, ruleArn) => ruleArn.slice(ruleArn.lastIndexOf('/') + 1),
  'aws.events.event.ingestion-time': (event) => event.time,
  'aws.events.event': ({ detail: _, ...event }) => event,
  'aws.events.event.json': (event) => event,
};

/** Inside a JSON string a variable is inserted as text, elsewhere as JSON; a template of plain text becomes a string. */
function transform(
  transformer: NonNullable<TargetInput['inputTransformer']>,
  event: CloudEvent,
  ruleArn: string,
): string {
  const { inputPathsMap, inputTemplate } = transformer;
  const variable = (name: string) => {
    const path = inputPathsMap[name];
    return path === undefined ? RESERVED[name]?.(event, ruleArn) : valueAt(event, path);
  };
  const text = inputTemplate.replaceAll(PLACEHOLDER, (_, name: string, offset: number) => {
    const value = variable(name) ?? '';
    if (!insideString(inputTemplate, offset)) return JSON.stringify(value);
    const plain = typeof value === 'string' ? value : JSON.stringify(value);
    return JSON.stringify(plain).slice(1, -1);
  });
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    throw new TargetInputUnsupported(`the template gives no JSON: ${inputTemplate}`);
  }
}

/** Whether a position of JSON text lies between the quotes of a string. */
function insideString(text: string, offset: number): boolean {
  let inside = false;
  for (let i = 0; i < offset; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') inside = !inside;
  }
  return inside;
}

function valueAt(event: unknown, path: string): unknown {
  let value = event;
  for (const step of parsePath(path)) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  }
  return value;
}

/** `$`, `$.a.b`, `$.a[0]`, `$['detail-type']`. */
function parsePath(path: string): string[] {
  const steps: string[] = [];
  let rest = path.startsWith('$') ? path.slice(1) : undefined;
  while (rest) {
    const match = /^(?:\.([\w-]+)|\[(\d+)\]|\['([^']+)'\])/.exec(rest);
    if (!match) break;
    steps.push(match[1] ?? match[2] ?? match[3] ?? '');
    rest = rest.slice(match[0].length);
  }
  if (rest !== '') throw new TargetInputUnsupported(`the path ${path} is not understood`);
  return steps;
}
