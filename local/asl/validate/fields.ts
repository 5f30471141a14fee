import type { JsonObject } from '../json.ts';
import { nearest, type Place } from './problems.ts';

export type StateType = 'Pass' | 'Task' | 'Choice' | 'Wait' | 'Succeed' | 'Fail' | 'Parallel' | 'Map';

interface FieldList {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const COMMON = ['Comment', 'QueryLanguage'];
const DATA = ['Output', 'Assign', 'Next', 'End'];
const GUARD = ['Retry', 'Catch'];

/** Fields of each state type in JSONata. Source: Amazon States Language, table of fields by state type. */
export const STATE_FIELDS: { readonly [type in StateType]: FieldList } = {
  Pass: { required: ['Type'], optional: [...COMMON, ...DATA] },
  Task: {
    required: ['Type', 'Resource'],
    optional: [...COMMON, ...DATA, ...GUARD, 'Arguments', 'TimeoutSeconds', 'HeartbeatSeconds'],
  },
  Choice: { required: ['Type', 'Choices'], optional: [...COMMON, 'Default', 'Output', 'Assign'] },
  Wait: { required: ['Type'], optional: [...COMMON, ...DATA, 'Seconds', 'Timestamp'] },
  Succeed: { required: ['Type'], optional: [...COMMON, 'Output'] },
  Fail: { required: ['Type'], optional: [...COMMON, 'Error', 'Cause'] },
  Parallel: { required: ['Type', 'Branches'], optional: [...COMMON, ...DATA, ...GUARD, 'Arguments'] },
  Map: {
    required: ['Type', 'ItemProcessor'],
    optional: [
      ...COMMON,
      ...DATA,
      ...GUARD,
      'Items',
      'ItemSelector',
      'MaxConcurrency',
      'ToleratedFailureCount',
      'ToleratedFailurePercentage',
      'Label',
    ],
  },
};

export const MACHINE_FIELDS: FieldList = {
  required: ['StartAt', 'States', 'QueryLanguage'],
  optional: ['Comment', 'Version', 'TimeoutSeconds'],
};
export const BRANCH_FIELDS: FieldList = { required: ['StartAt', 'States'], optional: ['Comment'] };
export const PROCESSOR_FIELDS: FieldList = {
  required: ['StartAt', 'States'],
  optional: ['Comment', 'ProcessorConfig'],
};
export const RULE_FIELDS: FieldList = {
  required: ['Condition', 'Next'],
  optional: ['Comment', 'Output', 'Assign'],
};
export const CATCHER_FIELDS: FieldList = {
  required: ['ErrorEquals', 'Next'],
  optional: ['Comment', 'Output', 'Assign'],
};
export const RETRIER_FIELDS: FieldList = {
  required: ['ErrorEquals'],
  optional: ['Comment', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy'],
};

/** JSONPath's fields, with what JSONata has in their place. Source: Step Functions developer guide, migrating to JSONata. */
const JSONPATH_FIELDS: { readonly [field: string]: string } = {
  InputPath: 'Arguments or $states.input',
  OutputPath: 'Output',
  Parameters: 'Arguments',
  Result: 'Output',
  ResultPath: 'Output or Assign',
  ResultSelector: 'Output',
  ItemsPath: 'Items',
  Iterator: 'ItemProcessor',
  SecondsPath: 'Seconds',
  TimestampPath: 'Timestamp',
  TimeoutSecondsPath: 'TimeoutSeconds',
  HeartbeatSecondsPath: 'HeartbeatSeconds',
  MaxConcurrencyPath: 'MaxConcurrency',
  ToleratedFailureCountPath: 'ToleratedFailureCount',
  ToleratedFailurePercentagePath: 'ToleratedFailurePercentage',
  ErrorPath: 'Error',
  CausePath: 'Cause',
  Variable: 'Condition',
  And: 'Condition',
  Or: 'Condition',
  Not: 'Condition',
};

/** Fields that AWS knows and this interpreter doesn't. */
const NOT_BUILT: ReadonlySet<string> = new Set(['Credentials', 'ItemReader', 'ItemBatcher', 'ResultWriter']);

/** Puts missing and unknown fields on the list, the unknown ones with what may have been meant. */
export function checkFields(value: JsonObject, fields: FieldList, what: string, place: Place): void {
  const known = new Set([...fields.required, ...fields.optional]);
  for (const field of fields.required) {
    if (value[field] === undefined) place.problem(`${what} needs the field '${field}'`);
  }
  for (const field of Object.keys(value)) {
    if (!known.has(field)) place.at(field).problem(unknownField(field, what, known));
  }
}

function unknownField(field: string, what: string, known: ReadonlySet<string>): string {
  const instead = JSONPATH_FIELDS[field];
  if (instead !== undefined) return `'${field}' belongs to JSONPath; in JSONata use ${instead}`;
  if (NOT_BUILT.has(field)) return `'${field}' is not supported by the embedded cloud`;
  const meant = nearest(field, known);
  return `'${field}' is no field of ${what}${meant === undefined ? '' : `; did you mean '${meant}'?`}`;
}
