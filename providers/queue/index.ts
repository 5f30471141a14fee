export { createQueueProvider, type QueueProviderConfig } from './provider.ts';
export {
  type Consumed,
  consumeDue,
  type Message,
  publishMessage,
  type QueueTable,
  queueSql,
} from './queue.ts';
