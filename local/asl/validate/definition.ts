import type { Definition } from '../definition.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { BRANCH_FIELDS, checkFields, MACHINE_FIELDS, PROCESSOR_FIELDS } from './fields.ts';
import { checkNumber } from './numbers.ts';
import { DefinitionInvalid, Place } from './problems.ts';
import type { ResourceRules } from './resources.ts';
import { checkState, type Surroundings } from './state.ts';
import { checkTransitions } from './transitions.ts';
import { assignedIn } from './variables.ts';

export interface ValidationOptions {
  /** The resources that tasks may name; without it any service integration. */
  readonly resources?: ResourceRules;
  /**
   * Refuses too what AWS accepts at creation but fails at run time (unknown functions and variables, bare names),
   * and what AWS runs but the embedded cloud doesn't (express children).
   */
  readonly strict: boolean;
}

/** A definition's longest text, white space included: 1 MB. Source: Step Functions service quotas. */
const DEFINITION_LIMIT_CHARACTERS = 1_048_576;

/** A state's longest name. Source: Amazon States Language. */
const STATE_NAME_LIMIT = 80;

interface BlockContext {
  readonly outer: ReadonlySet<string>;
  readonly names: Set<string>;
  readonly options: ValidationOptions;
}

/**
 * Every problem of a JSONata definition, each with its place such as `/States/Export/Retri`; none means that
 * an Execution can run it.
 */
export function validateDefinition(definition: unknown, options: ValidationOptions): string[] {
  const problems: string[] = [];
  const place = new Place('', problems);
  if (!isJsonObject(definition)) return ['/: a definition must be a JSON object'];
  checkFields(definition, MACHINE_FIELDS, 'a state machine', place);
  if (definition['QueryLanguage'] !== undefined && definition['QueryLanguage'] !== 'JSONata') {
    place.at('QueryLanguage').problem("must be 'JSONata', the only query language of the embedded cloud");
  }
  checkNumber('TimeoutSeconds', definition['TimeoutSeconds'], place, false);
  checkBlock(definition, { outer: new Set(), names: new Set(), options }, place);
  return problems;
}

/** Reads and checks a definition. @throws DefinitionInvalid */
export function parseDefinition(text: string, options: ValidationOptions): Definition {
  if (text.length > DEFINITION_LIMIT_CHARACTERS) {
    throw new DefinitionInvalid([`/: is longer than ${DEFINITION_LIMIT_CHARACTERS} characters`]);
  }
  let definition: unknown;
  try {
    definition = JSON.parse(text);
  } catch (error) {
    throw new DefinitionInvalid([`/: is not JSON: ${(error as Error).message}`]);
  }
  const problems = validateDefinition(definition, options);
  if (problems.length > 0) throw new DefinitionInvalid(problems);
  return definition as Definition;
}

function checkBlock(block: JsonObject, context: BlockContext, place: Place): void {
  const states = block['States'];
  if (!isJsonObject(states)) {
    if (states !== undefined) place.at('States').problem('must be an object of states');
    return;
  }
  checkTransitions(block, states, place);
  const visible = new Set([...context.outer, ...assignedIn(states)]);
  const around: Surroundings = {
    outerVariables: context.outer,
    resources: context.options.resources,
    sight: { result: false, errorOutput: false, variables: visible, strict: context.options.strict },
  };
  for (const [name, state] of Object.entries(states)) {
    const at = place.at('States').at(name);
    checkName(name, context, at);
    if (!isJsonObject(state)) {
      at.problem('must be an object');
      continue;
    }
    checkState(state, around, at);
    checkInnerBlocks(state, { ...context, outer: visible }, at);
  }
}

/** Names are unique in the whole machine. Source: Amazon States Language. */
function checkName(name: string, { names }: BlockContext, place: Place): void {
  if (name.length === 0 || name.length > STATE_NAME_LIMIT) {
    place.problem(
      `a state's name must have 1 to ${STATE_NAME_LIMIT} characters, this one has ${name.length}`,
    );
  }
  if (names.has(name)) place.problem('another state of this machine has the same name');
  names.add(name);
}

function checkInnerBlocks(state: JsonObject, context: BlockContext, place: Place): void {
  if (state['Type'] === 'Parallel') checkBranches(state['Branches'], context, place.at('Branches'));
  if (state['Type'] !== 'Map' || state['ItemProcessor'] === undefined) return;
  const processor = state['ItemProcessor'];
  const at = place.at('ItemProcessor');
  if (!isJsonObject(processor)) {
    at.problem('must be an object');
    return;
  }
  checkFields(processor, PROCESSOR_FIELDS, 'an item processor', at);
  const distributed = checkProcessorConfig(
    processor['ProcessorConfig'],
    context.options.strict,
    at.at('ProcessorConfig'),
  );
  checkBlock(processor, distributed ? { ...context, outer: new Set() } : context, at);
}

function checkBranches(branches: Json | undefined, context: BlockContext, place: Place): void {
  if (branches === undefined) return;
  if (!Array.isArray(branches) || branches.length === 0) {
    place.problem('must be a list of branches');
    return;
  }
  for (const [index, branch] of branches.entries()) {
    if (!isJsonObject(branch)) {
      place.at(index).problem('must be an object');
      continue;
    }
    checkFields(branch, BRANCH_FIELDS, 'a branch', place.at(index));
    checkBlock(branch, context, place.at(index));
  }
}

/** Answers whether the Map is distributed. Its children are STANDARD executions; others only pass where not strict. */
function checkProcessorConfig(config: Json | undefined, strict: boolean, place: Place): boolean {
  if (config === undefined) return false;
  if (!isJsonObject(config)) {
    place.problem('must be an object');
    return false;
  }
  checkFields(
    config,
    { required: [], optional: ['Mode', 'ExecutionType'] },
    'a processor configuration',
    place,
  );
  const { Mode, ExecutionType } = config;
  if (Mode !== undefined && Mode !== 'INLINE' && Mode !== 'DISTRIBUTED') {
    place.at('Mode').problem("must be 'INLINE' or 'DISTRIBUTED'");
  }
  if (strict && Mode === 'DISTRIBUTED' && ExecutionType !== 'STANDARD') {
    place.at('ExecutionType').problem("must be 'STANDARD': the embedded cloud has no express executions");
  }
  return Mode === 'DISTRIBUTED';
}
