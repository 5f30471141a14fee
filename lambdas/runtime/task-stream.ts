import { Count, Instant, Outcome, Phase, TaskId, TaskOperation } from '@tanker/contract/index.ts';
import { z } from 'zod';
import type { TaskChange, TaskStanding } from '../../core/control/phase-event.ts';

/** A value in DynamoDB's typed form, as what it holds. */
const text = <O>(inner: z.ZodType<O, string>) =>
  z
    .object({ S: z.string() })
    .transform(({ S }) => S)
    .pipe(inner);
const integer = z
  .object({ N: z.string() })
  .transform(({ N }) => Number(N))
  .pipe(Count);
const map = <O>(inner: z.ZodType<O>) =>
  z
    .object({ M: z.unknown() })
    .transform(({ M }) => M)
    .pipe(inner);

/** What is taken of a task's record as the stream shows it; input, plan and texts stay where they are. */
const Standing = z.object({
  task: text(TaskId),
  operation: text(TaskOperation),
  company: text(z.string()),
  state: text(z.enum(['open', 'closed'])),
  phase: text(Phase),
  phases: map(z.record(z.string(), text(Instant))),
  epoch: integer,
  createdAt: text(Instant),
  closedAt: text(Instant).optional(),
  outcome: text(Outcome).optional(),
  failure: map(z.object({ error: text(z.string()) })).optional(),
});

/**
 * The part that is used of what Lambda reads from the table's stream. Only writes of tasks' records come: the mapping
 * filters. Source: DynamoDB, "Record" and "StreamRecord"; Lambda gives the time as seconds since 1970.
 */
export const TaskStreamEvent = z.object({
  Records: z.array(
    z.object({
      eventID: z.string().min(1),
      dynamodb: z.object({
        ApproximateCreationDateTime: z.number(),
        SequenceNumber: z.string().min(1),
        NewImage: Standing,
        OldImage: Standing.optional(),
      }),
    }),
  ),
});
export type TaskStreamEvent = z.infer<typeof TaskStreamEvent>;

const standingOf = ({ failure, ...row }: z.infer<typeof Standing>): TaskStanding => ({
  ...row,
  error: failure?.error,
});

/** The writes of a batch in the order of the stream. */
export const changesOf = ({ Records }: TaskStreamEvent): TaskChange[] =>
  Records.map(({ eventID, dynamodb }) => ({
    id: eventID,
    sequence: dynamodb.SequenceNumber,
    takenAt: new Date(dynamodb.ApproximateCreationDateTime * 1000).toISOString(),
    before: dynamodb.OldImage && standingOf(dynamodb.OldImage),
    after: standingOf(dynamodb.NewImage),
  }));
