/** One kind of call that a definition makes: the Task's Resource and the argument that names what is called. */
export interface AslCall {
  /** Such as `lambda:invoke.waitForTaskToken`. */
  readonly integration: string;
  readonly target: string;
}

/** The argument of each integration that names what is called. */
const TARGET_ARGUMENT: Readonly<Record<string, string>> = {
  lambda: 'FunctionName',
  dynamodb: 'TableName',
  states: 'StateMachineArn',
};

const PREFIX = 'arn:aws:states:::';

function callOf(state: Record<string, unknown>): AslCall {
  const resource = String(state['Resource']);
  const integration = resource.slice(PREFIX.length);
  const argument = TARGET_ARGUMENT[integration.split(':')[0] ?? ''];
  const target = argument && (state['Arguments'] as Record<string, unknown> | undefined)?.[argument];
  if (!resource.startsWith(PREFIX) || typeof target !== 'string') {
    throw new Error(
      `No role is known for the Task with Resource ${resource}: name a function, a table or a state machine.`,
    );
  }
  return { integration, target };
}

/** Every call that a definition makes, each once, at any depth of Maps and Parallels. */
export function aslCalls(definition: unknown): AslCall[] {
  const found = new Map<string, AslCall>();
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    const record = node as Record<string, unknown>;
    if (record['Type'] === 'Task') {
      const call = callOf(record);
      found.set(`${call.integration} ${call.target}`, call);
    }
    for (const value of Object.values(record)) visit(value);
  };
  visit(definition);
  return [...found.values()];
}
