import type { HistoryEvent } from '../asl/history.ts';
import type { Json, JsonObject } from '../asl/json.ts';

/** Types whose events have details in the API. Source: HistoryEvent in the Step Functions API reference. */
const WITH_DETAILS =
  /^(Task(Failed|Scheduled|Started|Submitted|Succeeded|TimedOut)|Execution\w+|MapStateStarted|MapIteration\w+|MapRun(Started|Failed)|EvaluationFailed)$/;
/** Members that the API has as JSON text. */
const JSON_TEXTS: ReadonlySet<string> = new Set(['input', 'output', 'parameters']);
/** Members that count as execution data. */
const DATA: ReadonlySet<string> = new Set(['input', 'output', 'parameters', 'assignedVariables']);

/** An event in the form of GetExecutionHistory: dates in seconds, data as JSON text. */
export function toApiEvent(event: HistoryEvent, includeData: boolean): JsonObject {
  const { id, previousEventId, timestamp, type } = event;
  const member = detailsMember(type);
  return {
    id,
    previousEventId,
    timestamp: timestamp / 1000,
    type,
    ...(member === undefined ? {} : { [member]: toApiDetails(event, includeData) }),
  };
}

function detailsMember(type: string): string | undefined {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return WITH_DETAILS.test(type) ? `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails` : undefined;
}

function toApiDetails(event: HistoryEvent, includeData: boolean): JsonObject {
  const details: JsonObject = {};
  for (const [key, value] of Object.entries(event.details)) {
    if (value === undefined || (DATA.has(key) && !includeData)) continue;
    details[key] = toApiValue(key, value);
    if (key === 'input' || key === 'output' || key === 'assignedVariables') {
      details[`${key}Details`] = { truncated: false };
    }
  }
  return details;
}

function toApiValue(key: string, value: Json): Json {
  if (JSON_TEXTS.has(key)) return JSON.stringify(value);
  if (key !== 'assignedVariables') return value;
  const texts: JsonObject = {};
  for (const [name, assigned] of Object.entries(value as JsonObject)) texts[name] = JSON.stringify(assigned);
  return texts;
}
