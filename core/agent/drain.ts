import { formatLocation, TankerError } from '@tanker/contract/index.ts';
import type { EventOf, Procedure } from './procedure.ts';

/** Short at first, since most companies have nothing pending and the lock window runs; then 1.5 times longer each. */
export const DRAIN_POLL_MS = 150;
export const DRAIN_POLL_GROWTH = 1.5;
export const DRAIN_POLL_LONGEST_MS = 1000;

/** Left for telling what is pending before the state's own time is over: two calls of at most 4 s, with room. */
export const DRAIN_MARGIN_MS = 10_000;

/** How long a closed company is looked at: nothing is worked off there, so what is pending stays pending. */
export const CLOSED_LOOK_MS = 3000;

const givesUpAt = ({ deadlineMillis }: EventOf<'drain'>, now: Date): number =>
  deadlineMillis === undefined
    ? now.getTime() + CLOSED_LOOK_MS
    : Math.max(now.getTime(), deadlineMillis - DRAIN_MARGIN_MS);

/**
 * Polls until nothing is pending twice at the same watermark: once alone could fall between two messages. Gives up when
 * messages are still pending at the deadline, or, at a company that is closed already, after a moment. A watermark that
 * never rests is the state's timeout's to end, through the signal. Where people have accepted what is pending, it is told
 * instead.
 */
export const drain: Procedure<'drain'> = async ({ event, ports, clock, signal }) => {
  const until = givesUpAt(event, clock.now());
  let quietAt: string | undefined;
  let wait = DRAIN_POLL_MS;
  for (let polls = 1; ; polls += 1) {
    const { pending, watermark } = await ports.provider.drain(signal);
    if (pending === 0 && watermark === quietAt)
      return { result: { action: 'drain', watermark, polls }, work: [] };
    if (pending > 0 && clock.now().getTime() >= until) {
      if (!event.acceptPending) throw incomplete(event, pending);
      return { result: { action: 'drain', watermark, polls, pending }, work: [] };
    }
    quietAt = pending === 0 ? watermark : undefined;
    await clock.sleep(wait, signal);
    wait = Math.min(wait * DRAIN_POLL_GROWTH, DRAIN_POLL_LONGEST_MS);
  }
};

function incomplete({ provider, location, deadlineMillis }: EventOf<'drain'>, pending: number): TankerError {
  const closed = deadlineMillis === undefined;
  return new TankerError('DrainIncomplete', {
    what: `${pending} message(s) or job(s) of the company are pending in ${provider} at ${formatLocation(location)}.`,
    now: closed
      ? 'The company is closed there, so nobody works them off; this look changed nothing.'
      : 'Nothing was exported.',
    next: closed
      ? 'Find out who produced them after the closing, and whether they are needed at home, before the next try.'
      : 'Look why they are not worked off (a consumer that is stuck, a message that it can not handle), then start again under a new task id.',
  });
}
