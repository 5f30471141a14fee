import type { WaitState } from '../definition.ts';
import { LONGEST_SECONDS } from '../limits.ts';
import { leave, type Outcome } from '../outcome.ts';
import type { Visit } from '../visit.ts';
import { sleep } from '../waiting.ts';

/** A date and time with T and an offset, as `java.time.OffsetDateTime` reads it; up to nanoseconds. */
const OFFSET_DATE_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})$/;

/** Waits for Seconds, or until Timestamp; a time that is over passes at once. */
export async function runWait(visit: Visit<WaitState>): Promise<Outcome> {
  const { run, signal } = visit.thread;
  await sleep(run.clock, await waitMs(visit), signal);
  return leave(visit, visit.state, visit.input);
}

async function waitMs(visit: Visit<WaitState>): Promise<number> {
  const { Seconds, Timestamp } = visit.state;
  if (Seconds !== undefined) {
    const seconds = await visit.evaluateAs<number>(Seconds, 'Seconds', 'number');
    if (Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_SECONDS) return seconds * 1000;
    throw visit.evaluationFailed(
      'Seconds',
      `The Seconds field must be a whole number from 0 to ${LONGEST_SECONDS}, but was: ${seconds}`,
      visit.thread.last,
    );
  }
  const text = await visit.evaluateAs<string>(Timestamp ?? '', 'Timestamp', 'string');
  const instant = parseInstant(text);
  if (instant === undefined) {
    throw visit.evaluationFailed(
      'Timestamp',
      `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`,
      visit.thread.last,
    );
  }
  return Math.max(0, instant - visit.thread.run.clock.now());
}

/** Milliseconds since 1970, or undefined for anything but an offset date-time of a real day. */
export function parseInstant(text: string): number | undefined {
  if (!OFFSET_DATE_TIME.test(text)) return undefined;
  const instant = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  if (Number.isNaN(instant)) return undefined;
  const day = text.slice(0, 10);
  const realDay = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(realDay.getTime()) && realDay.toISOString().startsWith(day) ? instant : undefined;
}
