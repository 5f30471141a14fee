import type { HistoryEvent } from '../history.ts';
import type { Json, JsonObject } from '../json.ts';
import type { CaseFile, ExpectedEvent } from './case-file.ts';
import { matchesRecording } from './wildcards.ts';

/** Details that the recordings leave out. */
const NOT_RECORDED: ReadonlySet<string> = new Set(['roleArn']);

/** Events inside a Parallel that the recorder of `sorted-in-parallel` histories dropped. */
const DROPPED_IN_PARALLEL: ReadonlySet<string> = new Set([
  'ParallelStateSucceeded',
  'ParallelStateFailed',
  'ParallelStateExited',
]);

/** AWS's MapStateExited names now one, now the other of these as the event before it. */
const MAP_RUN_EVENTS: ReadonlySet<string> = new Set(['MapRunStarted', 'MapRunSucceeded']);

/** The first difference between a history and its recording, in words; undefined when there is none. */
export function compareHistory(
  recording: CaseFile['expectedHistory'],
  actual: readonly HistoryEvent[],
): string | undefined {
  const { events, order } = recording;
  if (order === 'exact') return compareInOrder(events, actual);
  const rest = [...actual];
  for (const expected of events) {
    const index = rest.findIndex((event) => sameEvent(expected, event, order === 'sorted-in-parallel'));
    if (index < 0) return `no event is like the expected ${show(expected)}`;
    rest.splice(index, 1);
  }
  const extra = rest.find(({ type }) => order !== 'sorted-in-parallel' || !DROPPED_IN_PARALLEL.has(type));
  return extra === undefined ? undefined : `unexpected event ${show(extra)}`;
}

function compareInOrder(
  expected: readonly ExpectedEvent[],
  actual: readonly HistoryEvent[],
): string | undefined {
  for (const [index, want] of expected.entries()) {
    const got = actual[index];
    if (got === undefined) return `the history ends before the expected ${show(want)}`;
    if (!sameEvent(want, got, true) && !wobbles(want, got, actual)) {
      return `event ${index + 1}: expected ${show(want)}\n      but got ${show(got)}`;
    }
  }
  const extra = actual[expected.length];
  return extra === undefined ? undefined : `unexpected event ${show(extra)}`;
}

function sameEvent(want: ExpectedEvent, got: HistoryEvent, withIds: boolean): boolean {
  const sameIds =
    !withIds || want.id === null || (want.id === got.id && want.previousEventId === got.previousEventId);
  return sameIds && want.type === got.type && matchesRecording(want.details ?? {}, comparable(want, got));
}

function wobbles(want: ExpectedEvent, got: HistoryEvent, actual: readonly HistoryEvent[]): boolean {
  if (want.type !== 'MapStateExited' || want.previousEventId === null) return false;
  const isMapRun = (id: number): boolean => MAP_RUN_EVENTS.has(actual[id - 1]?.type ?? '');
  return (
    isMapRun(want.previousEventId) &&
    isMapRun(got.previousEventId) &&
    sameEvent({ ...want, id: null }, got, true)
  );
}

/** The event's details in the recording's form: a cause that was recorded as JSON is parsed. */
function comparable(want: ExpectedEvent, got: HistoryEvent): JsonObject {
  const details: JsonObject = {};
  for (const [key, value] of Object.entries(got.details)) {
    if (value !== undefined && !NOT_RECORDED.has(key)) details[key] = value;
  }
  return want.details?.['causeJson'] === undefined ? details : withCauseJson(details);
}

/** The members with `cause`, which is JSON text, replaced by the parsed `causeJson`. */
export function withCauseJson({ cause, ...rest }: JsonObject): JsonObject {
  try {
    return { ...rest, causeJson: JSON.parse(String(cause)) as Json };
  } catch {
    return { ...rest, cause: cause ?? null };
  }
}

function show(event: ExpectedEvent | HistoryEvent): string {
  const text = `#${event.id} after #${event.previousEventId} ${event.type} ${JSON.stringify(event.details ?? {})}`;
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
