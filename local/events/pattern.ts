/** Tells whether an event matches. */
export type Matcher = (event: unknown) => boolean;

/** The pattern can't be a rule here: invalid on AWS, or an operator that the embedded cloud doesn't implement. */
export class EventPatternUnsupported extends Error {
  override readonly name = 'EventPatternUnsupported';
}

/** Tests one value of an event; undefined is a field that isn't there. */
type ValueTest = (value: unknown) => boolean;

/**
 * Compiles an event pattern. Source: EventBridge, "Comparison operators for use in event patterns".
 * Throws {@link EventPatternUnsupported} for an operator that is not known.
 */
export function compilePattern(pattern: unknown, path = ''): Matcher {
  if (!isObject(pattern)) throw new EventPatternUnsupported(`${path || 'pattern'} is no object`);
  const fields = Object.entries(pattern).map(([key, value]): Matcher => {
    const at = path ? `${path}.${key}` : key;
    if (key === '$or') return compileOr(value, at);
    if (Array.isArray(value)) return compileLeaf(key, value, at);
    const nested = compilePattern(value, at);
    return (event) => {
      const inner = isObject(event) ? event[key] : undefined;
      return Array.isArray(inner) ? inner.some(nested) : nested(inner);
    };
  });
  if (fields.length === 0) throw new EventPatternUnsupported(`${path || 'pattern'} is empty`);
  return (event) => fields.every((field) => field(event));
}

function compileOr(value: unknown, at: string): Matcher {
  if (!Array.isArray(value) || value.length < 2)
    throw new EventPatternUnsupported(`${at} needs two or more patterns`);
  const choices = value.map((choice) => compilePattern(choice, at));
  return (event) => choices.some((choice) => choice(event));
}

function compileLeaf(key: string, choices: unknown[], at: string): Matcher {
  if (choices.length === 0) throw new EventPatternUnsupported(`${at} is an empty list`);
  const tests = choices.map((choice) => compileChoice(choice, at));
  return (event) => {
    const value = isObject(event) ? event[key] : undefined;
    const values = Array.isArray(value) && value.length > 0 ? value : [value];
    return tests.some((test) => values.some(test));
  };
}

function compileChoice(choice: unknown, at: string): ValueTest {
  if (!isObject(choice)) return (value) => value === choice;
  const [[operator, operand] = ['', undefined], ...more] = Object.entries(choice);
  const compile = OPERATORS[operator];
  if (!compile || more.length > 0) {
    throw new EventPatternUnsupported(
      `${at} uses the operator ${JSON.stringify(choice)}, which is not implemented`,
    );
  }
  return compile(operand, `${at}.${operator}`);
}

const OPERATORS: Readonly<Record<string, (operand: unknown, at: string) => ValueTest>> = {
  prefix: (operand, at) => textTest(operand, at, (value, text) => value.startsWith(text)),
  suffix: (operand, at) => textTest(operand, at, (value, text) => value.endsWith(text)),
  'equals-ignore-case': (operand, at) => {
    const text = requireText(operand, at).toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === text;
  },
  wildcard: (operand, at) => {
    const parts = requireText(operand, at).split('*').map(escapeExpression);
    const expression = new RegExp(`^${parts.join('.*')}$`, 's');
    return (value) => typeof value === 'string' && expression.test(value);
  },
  exists: (operand) => (value) => (value !== undefined && !isObject(value)) === (operand === true),
  'anything-but': compileAnythingBut,
  numeric: compileNumeric,
};

/** A prefix or suffix; `{"equals-ignore-case": text}` in place of the text ignores case. */
function textTest(operand: unknown, at: string, test: (value: string, text: string) => boolean): ValueTest {
  if (isObject(operand) && typeof operand['equals-ignore-case'] === 'string') {
    const text = operand['equals-ignore-case'].toLowerCase();
    return (value) => typeof value === 'string' && test(value.toLowerCase(), text);
  }
  const text = requireText(operand, at);
  return (value) => typeof value === 'string' && test(value, text);
}

/** A value that is there and is none of these. */
function compileAnythingBut(operand: unknown, at: string): ValueTest {
  if (isObject(operand)) {
    const [[operator, inner] = ['', undefined]] = Object.entries(operand);
    if (!['prefix', 'suffix', 'wildcard', 'equals-ignore-case'].includes(operator)) {
      throw new EventPatternUnsupported(`${at} uses ${operator}, which is not implemented`);
    }
    const inners = Array.isArray(inner) ? inner : [inner];
    const tests = inners.map((text) => compileChoice({ [operator]: text }, at));
    return (value) => value !== undefined && !tests.some((test) => test(value));
  }
  const refused = Array.isArray(operand) ? operand : [operand];
  return (value) => value !== undefined && !refused.includes(value);
}

function compileNumeric(operand: unknown, at: string): ValueTest {
  if (!Array.isArray(operand) || operand.length === 0 || operand.length % 2 !== 0) {
    throw new EventPatternUnsupported(`${at} is no list of comparisons and numbers`);
  }
  const tests: ((value: number) => boolean)[] = [];
  for (let i = 0; i < operand.length; i += 2) {
    const comparison = COMPARISONS[String(operand[i])];
    const bound = operand[i + 1];
    if (!comparison || typeof bound !== 'number') {
      throw new EventPatternUnsupported(`${at} has a comparison that is not known: ${operand[i]} ${bound}`);
    }
    tests.push((value) => comparison(value, bound));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '=': (value, bound) => value === bound,
};

function requireText(operand: unknown, at: string): string {
  if (typeof operand !== 'string') throw new EventPatternUnsupported(`${at} is no string`);
  return operand;
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
