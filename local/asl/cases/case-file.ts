import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition } from '../definition.ts';
import type { Json, JsonObject } from '../json.ts';
import { expandRepeats } from './wildcards.ts';

/** What a stub function does, instead of the function of the recording. */
export type StubBehaviour =
  | { readonly kind: 'echoEvent' }
  | { readonly kind: 'returnJson'; readonly value: Json }
  | { readonly kind: 'throw'; readonly errorType: string; readonly errorMessage: string }
  | { readonly kind: 'sleepThenEcho'; readonly seconds: number }
  | { readonly kind: 'returnLargeString'; readonly bytes: number };

export interface LambdaStub {
  readonly functionName: string;
  readonly behaviour: StubBehaviour;
}

/** How one task attempt was answered in the recording. */
export interface TaskResponse {
  readonly state: string;
  readonly mapIndex?: number;
  readonly outcome: 'succeed' | 'fail' | 'timeout';
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly causeJson?: Json;
}

export interface ExpectedEnd {
  readonly status: string;
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  readonly causeJson?: Json;
}

/** An event of the recording; ids are null where the recorder blanked them. */
export interface ExpectedEvent {
  readonly id: number | null;
  readonly previousEventId: number | null;
  readonly type: string;
  readonly details?: JsonObject;
}

/** One execution recorded from AWS. */
export interface CaseFile {
  readonly name: string;
  readonly definition: Definition;
  readonly input: Json;
  readonly lambdaStubs?: readonly LambdaStub[];
  readonly taskResponses?: readonly TaskResponse[];
  readonly expected: ExpectedEnd;
  readonly expectedHistory: {
    readonly order: 'exact' | 'concurrent' | 'sorted-in-parallel';
    readonly events: readonly ExpectedEvent[];
  };
}

/** Files beside the cases that are none. */
const NO_CASES: ReadonlySet<string> = new Set(['INDEX.json']);

/** Every `*.json` of a folder, in the order of names, its repeats written out. */
export function readJsonFolder(folder: string): Json[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json') && !NO_CASES.has(file))
    .sort()
    .map((file) => expandRepeats(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Json));
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
