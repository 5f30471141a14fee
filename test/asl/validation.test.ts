import { describe, expect, test } from '@jest/globals';
import { parseDefinition, validateDefinition } from '../../local/asl/validate/definition.ts';
import { INTEGRATION_RULES } from '../../local/states/integrations/rules.ts';
import { INVOKE } from './support.ts';

const TASK = { Type: 'Task', Resource: INVOKE, Arguments: { FunctionName: 'f' }, End: true };
const machine = (states: object, more: object = {}): object => ({
  QueryLanguage: 'JSONata',
  StartAt: Object.keys(states)[0],
  States: states,
  ...more,
});
const problems = (definition: object): string[] =>
  validateDefinition(definition, { resources: INTEGRATION_RULES, strict: true });

/** The problems of one Task state with these fields. */
const ofTask = (more: object): string[] => problems(machine({ Export: { ...TASK, ...more } }));

describe('what is refused, and where', () => {
  test('a sound machine has no problems', () => {
    expect(problems(machine({ Export: TASK }))).toEqual([]);
  });

  test.each([
    [
      'an unknown field',
      { Retri: [] },
      "/States/Export/Retri: 'Retri' is no field of a Task state; did you mean 'Retry'?",
    ],
    [
      'a field of JSONPath',
      { ResultPath: '$' },
      "/States/Export/ResultPath: 'ResultPath' belongs to JSONPath; in JSONata use Output or Assign",
    ],
    [
      'a resource that is not there',
      { Resource: `${INVOKE}x` },
      "/States/Export/Resource: the embedded cloud has no integration 'lambda:invokex'; did you mean 'lambda:invoke'?",
    ],
    [
      'an argument that is not there',
      { Arguments: { FunctionName: 'f', Paylod: 1 } },
      "/States/Export/Arguments/Paylod: the field is not supported by Step Functions; did you mean 'Payload'?",
    ],
    ...['Qualifier', 'ClientContext', 'LogType'].map((name): [string, object, string] => [
      `an argument that would be ignored here, ${name}`,
      { Arguments: { FunctionName: 'f', [name]: 'x' } },
      `/States/Export/Arguments/${name}: the embedded cloud does not implement this argument`,
    ]),
    [
      'a trace header, which would be ignored here',
      {
        Resource: 'arn:aws:states:::states:startExecution',
        Arguments: { StateMachineArn: 'm', TraceHeader: 'x' },
      },
      '/States/Export/Arguments/TraceHeader: the embedded cloud does not implement this argument',
    ],
    [
      'a missing argument',
      { Arguments: {} },
      "/States/Export/Arguments: the field 'FunctionName' is required but was missing",
    ],
    [
      'an unknown function',
      { Output: '{% $lenght($states.input) %}' },
      '/States/Export/Output: there is no function $lenght; did you mean $length?',
    ],
    [
      '$eval',
      { Output: "{% $eval('1') %}" },
      '/States/Export/Output: $eval does not exist in Step Functions; $parse reads JSON text',
    ],
    [
      'an unassigned variable',
      { Output: '{% $fence %}' },
      '/States/Export/Output: no Assign that can be seen from here gives the variable $fence a value',
    ],
    [
      'a name without an input',
      { Output: '{% items %}' },
      "/States/Export/Output: 'items' has nothing to look into: Step Functions has no input document; start with $states.input",
    ],
    [
      '$states.result in Arguments',
      { Arguments: { FunctionName: '{% $states.result %}' } },
      '/States/Export/Arguments/FunctionName: $states.result is there only in Output and Assign of a Task, Parallel or Map',
    ],
    [
      '$states.errorOutput in Output',
      { Output: '{% $states.errorOutput %}' },
      '/States/Export/Output: $states.errorOutput is there only in Output and Assign of a catcher',
    ],
    [
      'a mistyped member of $states',
      { Output: '{% $states.imput %}' },
      "/States/Export/Output: $states has no member 'imput'; it has input, context, result and errorOutput",
    ],
    [
      'a half delimited expression',
      { Output: '{% 1 %} ' },
      "/States/Export/Output: an expression must start with '{%' and end with '%}', without anything around them",
    ],
    [
      'a missing target',
      { End: undefined, Next: 'Verifi' },
      "/States/Export/Next: there is no state 'Verifi' here",
    ],
    ['neither Next nor End', { End: undefined }, "/States/Export: needs 'Next' or 'End'"],
    [
      'a heartbeat as long as the timeout',
      { TimeoutSeconds: 5, HeartbeatSeconds: 5 },
      '/States/Export/HeartbeatSeconds: must be below TimeoutSeconds, which is 5',
    ],
    [
      'a fraction of a second',
      { TimeoutSeconds: 0.5 },
      '/States/Export/TimeoutSeconds: must be a whole number from 1 to 99999999 or a JSONata expression',
    ],
    [
      'States.ALL before others',
      { Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] },
      "/States/Export/Retry[0]/ErrorEquals: 'States.ALL' must be in the last entry, since nothing comes past it",
    ],
    [
      'an unknown field of a retrier',
      { Retry: [{ ErrorEquals: ['A'], MaxAttemps: 1 }] },
      "/States/Export/Retry[0]/MaxAttemps: 'MaxAttemps' is no field of a retrier; did you mean 'MaxAttempts'?",
    ],
    [
      'a bad variable name',
      { Assign: { 'a.b': 1 } },
      '/States/Export/Assign/a.b: is no variable name: a letter or _, then letters, digits or _, at most 80',
    ],
    [
      'a JSONPath state',
      { QueryLanguage: 'JSONPath' },
      "/States/Export/QueryLanguage: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
    ],
  ])('%s', (_, more, expected) => {
    expect(ofTask(more)).toContain(expected);
  });

  test('an expression that does not parse', () => {
    expect(ofTask({ Output: '{% $states. %}' })[0]).toMatch(
      /^\/States\/Export\/Output: '\$states\.' is no JSONata expression/,
    );
  });

  test('a machine in JSONPath, or without a query language', () => {
    expect(problems(machine({ Export: TASK }, { QueryLanguage: 'JSONPath' }))).toHaveLength(1);
    expect(problems(machine({ Export: TASK }, { QueryLanguage: undefined }))).toHaveLength(1);
  });

  test('a state that nothing leads to, and a name that is used twice or too long', () => {
    const inner = { StartAt: 'Export', States: { Export: TASK } };
    const long = 'x'.repeat(81);
    const found = problems(
      machine({
        Both: { Type: 'Parallel', Branches: [inner, inner], Next: long },
        [long]: { Type: 'Succeed' },
        Lost: { Type: 'Succeed' },
      }),
    );
    expect(found).toContain('/States/Lost: no state leads here');
    expect(found).toContain(
      '/States/Both/Branches[1]/States/Export: another state of this machine has the same name',
    );
    expect(found.join()).toContain("a state's name must have 1 to 80 characters, this one has 81");
  });

  test('an inner block that assigns an outer variable', () => {
    const found = problems(
      machine({
        First: { Type: 'Pass', Assign: { epoch: 1 }, Next: 'Each' },
        Each: {
          Type: 'Map',
          ItemProcessor: { StartAt: 'In', States: { In: { Type: 'Pass', Assign: { epoch: 2 }, End: true } } },
          End: true,
        },
      }),
    );
    expect(found).toEqual([
      '/States/Each/ItemProcessor/States/In/Assign/epoch: is assigned outside this block; an inner block can read it but not assign it',
    ]);
  });

  test('names bound inside an expression, predicates and lambdas are no problems', () => {
    const Output =
      '{% ($busy := $states.input.items[state="busy"]; $map($busy, function($v, $i) { $v.name & $i }) ~> $join(",")) %}';
    expect(problems(machine({ Show: { Type: 'Pass', Output, End: true } }))).toEqual([]);
  });

  test('parseDefinition throws one error with every problem', () => {
    const text = JSON.stringify(machine({ Export: { ...TASK, Retri: [], Catc: [] } }));
    expect(() => parseDefinition(text, { strict: true })).toThrow(
      /\/States\/Export\/Retri.*\/States\/Export\/Catc/,
    );
    expect(() => parseDefinition('{', { strict: true })).toThrow('is not JSON');
  });

  // Source: Step Functions service quotas, "State machine definition size".
  test.each([
    [1_048_576, undefined],
    [1_048_577, 'is longer than 1048576 characters'],
  ])('a text of %i characters, its white space counted', (characters, words) => {
    const text = JSON.stringify(machine({ Export: TASK }));
    const read = () => parseDefinition(text.padEnd(characters, ' '), { strict: true });
    if (words === undefined) expect(read).not.toThrow();
    else expect(read).toThrow(words);
  });
});
