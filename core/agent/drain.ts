import type { Procedure } from './procedure.ts';

/** Short at first, since most companies have nothing pending and the lock window runs; then 1.5 times longer each. */
export const DRAIN_POLL_MS = 150;
export const DRAIN_POLL_GROWTH = 1.5;
export const DRAIN_POLL_LONGEST_MS = 1000;

/**
 * Polls until nothing is pending twice at the same watermark: once alone could fall between two messages. There is no
 * deadline here; the state's timeout rules, and ends the run through the signal.
 */
export const drain: Procedure<'drain'> = async ({ ports, clock, signal }) => {
  let quietAt: string | undefined;
  let wait = DRAIN_POLL_MS;
  for (let polls = 1; ; polls += 1) {
    const { pending, watermark } = await ports.provider.drain(signal);
    if (pending === 0 && watermark === quietAt)
      return { result: { action: 'drain', watermark, polls }, work: [] };
    quietAt = pending === 0 ? watermark : undefined;
    await clock.sleep(wait, signal);
    wait = Math.min(wait * DRAIN_POLL_GROWTH, DRAIN_POLL_LONGEST_MS);
  }
};
