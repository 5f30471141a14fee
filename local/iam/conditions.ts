/** Condition keys of a request. */
export type ConditionContext = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A policy's Condition block: operator → key → one value or several, of which any suffices. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

type Comparison = (actual: string, expected: string) => boolean;

/** Source: IAM, "IAM JSON policy elements: Condition operators". */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: (actual, expected) => actual === expected,
  StringEqualsIgnoreCase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  StringLike: matchesWildcard,
  ArnEquals: matchesWildcard,
  ArnLike: matchesWildcard,
  Bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  NumericEquals: (actual, expected) => Number(actual) === Number(expected),
  NumericLessThan: (actual, expected) => Number(actual) < Number(expected),
  NumericLessThanEquals: (actual, expected) => Number(actual) <= Number(expected),
  NumericGreaterThan: (actual, expected) => Number(actual) > Number(expected),
  NumericGreaterThanEquals: (actual, expected) => Number(actual) >= Number(expected),
};

/** Operators that hold when none of the values does; a key that is absent satisfies them. */
const NEGATIONS: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
};

interface Operator {
  readonly set?: string;
  readonly name: string;
  readonly ifExists: boolean;
}

function parseOperator(text: string): Operator {
  const [, set, name = '', ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(text) ?? [];
  return { set, name, ifExists: ifExists !== undefined };
}

/** Operators of a Condition block that are not implemented. */
export function unknownOperators(block: ConditionBlock): string[] {
  return Object.keys(block).filter((text) => {
    const { name } = parseOperator(text);
    return name !== 'Null' && !COMPARISONS[name] && !NEGATIONS[name];
  });
}

/** Whether every operator and key of the block holds. */
export function conditionHolds(block: ConditionBlock, context: ConditionContext): boolean {
  const lower = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(block).every(([text, keys]) => {
    const operator = parseOperator(text);
    return Object.entries(keys).every(([key, expected]) =>
      keyHolds(operator, toList(lower.get(key.toLowerCase())), toList(expected).map(String)),
    );
  });
}

function keyHolds(operator: Operator, actual: readonly unknown[], expected: readonly string[]): boolean {
  const values = actual.map(String);
  const absent = values.length === 0;
  if (operator.name === 'Null') return expected.includes(String(absent));
  if (absent && (operator.ifExists || operator.set === 'ForAllValues')) return true;
  const negated = NEGATIONS[operator.name];
  const compare = COMPARISONS[negated ?? operator.name];
  if (!compare) return false;
  const equalsOne = (value: string) => expected.some((one) => compare(value, one));
  const holds = (value: string) => (negated ? !equalsOne(value) : equalsOne(value));
  if (absent) return negated !== undefined && operator.set === undefined;
  return operator.set === 'ForAnyValue' ? values.some(holds) : values.every(holds);
}

/** `*` is any text, `?` any one character. */
export function matchesWildcard(text: string, pattern: string): boolean {
  if (pattern === '*') return true;
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}

/** A policy's one value or list as a list. */
export function toList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
