import { randomBytes } from 'node:crypto';
import { JsonServiceError } from '../json-protocol.ts';

/** An answer of DynamoDB that is not a success, e.g. `ConditionalCheckFailedException`. */
export class DynamoError extends JsonServiceError {}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A request id as DynamoDB writes it: 52 letters and digits. */
export function newRequestId(): string {
  return Array.from(randomBytes(52), (byte) => LETTERS[byte % LETTERS.length]).join('');
}
