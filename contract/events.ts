import { z } from 'zod';
import { CompanyId, Epoch, Instant, TaskId } from './names.ts';
import { Outcome, Phase, TaskOperation } from './operations.ts';

/**
 * The events of the installation's own bus, told by docs/events.md. New words may join an enumeration at any time; a
 * field that goes or changes makes a new version.
 */
export const EVENT_SOURCE = 'tanker';

/** The detail type of a {@link PhaseEvent}. */
export const PHASE_EVENT_TYPE = 'Tanker Task Phase Change';

export const PHASE_EVENT_VERSION = 1;

/** The name of an error, ours or Step Functions' own (`States.Timeout`): a word, never a sentence. */
export const ErrorWord = z.string().regex(/^[A-Za-z][\w.]{0,127}$/, 'the name of an error');

const fields = {
  version: z.literal(PHASE_EVENT_VERSION),
  /** Of the change: an event that comes again has the same one. */
  id: z.string().min(1),
  /** Grows with each change of a task; compared as numbers, which are larger than JSON's. */
  sequence: z.string().regex(/^\d{1,40}$/, 'decimal digits'),
  task: TaskId,
  operation: TaskOperation,
  /** Null where a refused task named no company that could exist. */
  company: CompanyId.nullable(),
  /** Under which the task acts now; 0 before its claim. A recovery raises it. */
  epoch: Epoch,
  /** Begun last. */
  phase: Phase,
  /** Begun before this change: null when the task was opened, equal to `phase` when only something else changed. */
  previousPhase: Phase.nullable(),
  at: Instant,
};

/** One change of a task: it was opened, began a phase, or was closed with an outcome. */
export const PhaseEvent = z.discriminatedUnion('state', [
  z.object({ ...fields, state: z.literal('open') }).strict(),
  z
    .object({
      ...fields,
      state: z.literal('closed'),
      outcome: Outcome,
      /** What made the refusal or the recovery necessary; null where neither was. */
      error: ErrorWord.nullable(),
    })
    .strict(),
]);
export type PhaseEvent = z.infer<typeof PhaseEvent>;
