/** A node of JSONata's syntax tree; its members depend on `type`. */
export interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly steps?: readonly Node[];
  readonly [member: string]: unknown;
}

/** What an expression mentions. */
export interface Mentions {
  /** `$name`, where it isn't bound by the expression itself. */
  readonly variables: Set<string>;
  /** `$name(…)`, where it isn't bound by the expression itself. */
  readonly functions: Set<string>;
  /** The names after `$states.`, up to two: `result`, `context.Task`. */
  readonly states: Set<string>;
  /** `$`, `$$`, bare names and wildcards where there is no input for them to look into. */
  readonly withoutContext: Set<string>;
}

/** Members whose expressions look into an item: predicates, groups, sort terms, function bodies. */
const ITEM_MEMBERS: ReadonlySet<string> = new Set([
  'predicate',
  'stages',
  'group',
  'terms',
  'body',
  'pattern',
  'update',
  'delete',
]);

/** Reads a syntax tree. */
export function mentionsIn(root: Node): Mentions {
  const found: Mentions = {
    variables: new Set(),
    functions: new Set(),
    states: new Set(),
    withoutContext: new Set(),
  };
  const bound = new Set<string>();
  visit(root, false, found, bound);
  for (const name of bound) {
    found.variables.delete(name);
    found.functions.delete(name);
  }
  return found;
}

function visit(node: Node, inItem: boolean, found: Mentions, bound: Set<string>): void {
  switch (node.type) {
    case 'variable':
      visitVariable(String(node.value), inItem, found);
      break;
    case 'name':
    case 'wildcard':
    case 'descendant':
    case 'parent':
      if (!inItem) found.withoutContext.add(String(node.value));
      visitMembers(node, inItem, found, bound);
      break;
    case 'path':
      visitPath(node, inItem, found, bound);
      break;
    case 'function':
    case 'partial':
      visitCall(node, inItem, found, bound);
      break;
    case 'lambda':
      for (const parameter of node['arguments'] as Node[]) bound.add(String(parameter.value));
      visit(node['body'] as Node, true, found, bound);
      break;
    case 'bind':
      bound.add(String((node['lhs'] as Node).value));
      visit(node['rhs'] as Node, inItem, found, bound);
      break;
    default:
      visitMembers(node, inItem, found, bound);
      break;
  }
}

function visitVariable(name: string, inItem: boolean, found: Mentions): void {
  if (name === '$' || (name === '' && !inItem)) found.withoutContext.add(`$${name}`);
  else if (name !== '') found.variables.add(name);
}

function visitPath(node: Node, inItem: boolean, found: Mentions, bound: Set<string>): void {
  const steps = node.steps ?? [];
  const [first, second, third] = steps;
  if (first?.type === 'variable' && first.value === 'states' && second?.type === 'name') {
    found.states.add(String(second.value));
    if (third?.type === 'name') found.states.add(`${second.value}.${third.value}`);
  }
  for (const [index, step] of steps.entries()) {
    for (const member of ['focus', 'index']) if (typeof step[member] === 'string') bound.add(step[member]);
    visit(step, inItem || index > 0, found, bound);
    visitMembers(step, true, found, bound, ITEM_MEMBERS);
  }
  visitMembers(node, inItem, found, bound, ITEM_MEMBERS);
}

function visitCall(node: Node, inItem: boolean, found: Mentions, bound: Set<string>): void {
  const procedure = node['procedure'] as Node;
  if (procedure.type === 'variable') found.functions.add(String(procedure.value));
  else visit(procedure, inItem, found, bound);
  for (const argument of node['arguments'] as Node[]) visit(argument, inItem, found, bound);
  visitMembers(node, inItem, found, bound, ITEM_MEMBERS);
}

function visitMembers(
  node: Node,
  inItem: boolean,
  found: Mentions,
  bound: Set<string>,
  only?: ReadonlySet<string>,
): void {
  for (const [member, value] of Object.entries(node)) {
    if (only !== undefined && !only.has(member)) continue;
    visitNested(value, inItem || ITEM_MEMBERS.has(member), found, bound);
  }
}

function visitNested(value: unknown, inItem: boolean, found: Mentions, bound: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) visitNested(item, inItem, found, bound);
  } else if (typeof value === 'object' && value !== null) {
    if (typeof (value as Node).type === 'string') visit(value as Node, inItem, found, bound);
    else for (const item of Object.values(value)) visitNested(item, inItem, found, bound);
  }
}
