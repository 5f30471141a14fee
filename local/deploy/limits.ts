import { TemplateUnsupported } from '../assembly/intrinsics.ts';

/** What AWS takes of a resource's numbers and names; anything else is refused when the resource is made. */

interface Range {
  readonly least: number;
  readonly most: number;
}

/** Whole numbers, by property, each with the API reference that bounds it. */
const RANGES = {
  // Lambda, CreateFunction: seconds and MB
  Timeout: { least: 1, most: 900 },
  MemorySize: { least: 128, most: 10_240 },
  // Lambda, PutFunctionEventInvokeConfig
  'EventInvokeConfig.MaximumRetryAttempts': { least: 0, most: 2 },
  'EventInvokeConfig.MaximumEventAgeInSeconds': { least: 60, most: 21_600 },
  // Lambda, CreateEventSourceMapping; "Lambda parameters for Amazon DynamoDB event source mappings"
  BatchSize: { least: 1, most: 10_000 },
  MaximumRetryAttempts: { least: -1, most: 10_000 },
  MaximumRecordAgeInSeconds: { least: -1, most: 604_800 },
  // EventBridge, RetryPolicy
  'RetryPolicy.MaximumRetryAttempts': { least: 0, most: 185 },
  'RetryPolicy.MaximumEventAgeInSeconds': { least: 60, most: 86_400 },
} as const satisfies Readonly<Record<string, Range>>;

/** A whole number within its range; undefined where the property is absent. @throws TemplateUnsupported */
export function numberIn(name: keyof typeof RANGES, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const { least, most }: Range = RANGES[name];
  // CloudFormation takes numbers as text too.
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (Number.isInteger(number) && Number(number) >= least && Number(number) <= most) return Number(number);
  throw new TemplateUnsupported(`${name} ${value}, which is not between ${least} and ${most}`);
}

interface NameRule {
  readonly pattern: RegExp;
  /** In the words of AWS, as far as they are known. */
  readonly refusal: (name: string) => string;
}

const constrained =
  (member: string, pattern: string) =>
  (name: string): string =>
    `Value '${name}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern}`;

/** Names, by what has them. */
const NAMES = {
  // Lambda API reference, CreateFunction, FunctionName
  function: {
    pattern: /^[a-zA-Z0-9-_]{1,64}$/,
    refusal: constrained('functionName', '[a-zA-Z0-9-_]{1,64}'),
  },
  // EventBridge API reference, PutRule, Name
  rule: { pattern: /^[.\-_A-Za-z0-9]{1,64}$/, refusal: constrained('name', '[\\.\\-_A-Za-z0-9]{1,64}') },
  // EventBridge API reference, CreateEventBus, Name; a "/" is for buses of partners
  bus: { pattern: /^[.\-_A-Za-z0-9]{1,256}$/, refusal: constrained('name', '[\\.\\-_A-Za-z0-9]{1,256}') },
  // S3, "General purpose bucket naming rules"
  bucket: {
    pattern:
      /^(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    refusal: (name) => `InvalidBucketName: The specified bucket is not valid: ${name}`,
  },
} as const satisfies Readonly<Record<string, NameRule>>;

/** @throws TemplateUnsupported for a name that AWS doesn't take */
export function checkName(kind: keyof typeof NAMES, name: string): void {
  const { pattern, refusal }: NameRule = NAMES[kind];
  if (!pattern.test(name)) throw new TemplateUnsupported(refusal(name));
}

/** Targets of one rule. Source: EventBridge quotas, "Targets per rule". */
const MOST_TARGETS = 5;

/** @throws TemplateUnsupported */
export function checkTargets(count: number): void {
  if (count <= MOST_TARGETS) return;
  throw new TemplateUnsupported(
    `LimitExceededException: The requested resource exceeds the maximum number allowed. (${count} targets of a rule, over ${MOST_TARGETS})`,
  );
}

/** CPU units → MiB from the first to the second by the third. Source: ECS, "Task CPU and memory" for Fargate on Linux. */
const FARGATE_MEMORY: Readonly<Record<string, readonly [number, number, number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};

/** The one size that has no step. Source: as above. */
const LEAST_FARGATE = { cpu: '256', memories: [512, 1024, 2048] };

function isFargateSize(cpu: string, memoryMib: number): boolean {
  if (cpu === LEAST_FARGATE.cpu) return LEAST_FARGATE.memories.includes(memoryMib);
  const [least, most, step] = FARGATE_MEMORY[cpu] ?? [1, 0, 1];
  return memoryMib >= least && memoryMib <= most && (memoryMib - least) % step === 0;
}

/** @throws TemplateUnsupported for a size that Fargate doesn't have; the words are its own */
export function checkFargateSize(cpu: string, memory: string): void {
  if (![cpu, memory].every((size) => /^\d+$/.test(size))) {
    throw new TemplateUnsupported(`the size ${cpu}, ${memory}; only CPU units and MiB are implemented`);
  }
  if (isFargateSize(cpu, Number(memory))) return;
  throw new TemplateUnsupported(
    `ClientException: No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`,
  );
}
