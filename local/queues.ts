/** A message that a service of the cloud has put in a queue. */
export interface QueueMessage {
  readonly at: number;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Queues that only the cloud itself writes to (dead letters, failed invocations); messages stay for inspection. */
export interface Queues {
  create(queueArn: string): void;
  has(queueArn: string): boolean;
  /** Throws for a queue that doesn't exist. */
  send(queueArn: string, body: string, attributes?: Readonly<Record<string, string>>): void;
  messages(queueArn: string): readonly QueueMessage[];
  list(): readonly string[];
}

/** The queues of one cloud, in memory. There is no wire protocol: nothing of the cloud's stacks reads a queue. */
export function createQueues(now: () => number): Queues {
  const queues = new Map<string, QueueMessage[]>();
  const messagesOf = (queueArn: string) => {
    const messages = queues.get(queueArn);
    if (!messages)
      throw new Error(
        `No queue has the ARN ${queueArn}. There are: ${[...queues.keys()].join(', ') || 'none'}`,
      );
    return messages;
  };
  return {
    create(queueArn) {
      if (!queues.has(queueArn)) queues.set(queueArn, []);
    },
    has: (queueArn) => queues.has(queueArn),
    send(queueArn, body, attributes = {}) {
      messagesOf(queueArn).push({ at: now(), body, attributes });
    },
    messages: (queueArn) => [...messagesOf(queueArn)],
    list: () => [...queues.keys()],
  };
}
