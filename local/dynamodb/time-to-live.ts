import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Input, Output } from './engine.ts';
import { DynamoError } from './errors.ts';

/** Items that expired longer ago are kept. Source: Amazon DynamoDB Developer Guide, "Computing Time to Live (TTL)". */
const OLDEST_EXPIRY_SECONDS = 5 * 365 * 24 * 60 * 60;

/** Which attribute of which table says when an item may go. */
export class TimeToLive {
  readonly #attributes = new Map<string, string>();

  attributeOf(table: string): string | undefined {
    return this.#attributes.get(table);
  }

  /** Tables whose items expire, with the attribute's name. */
  entries(): readonly (readonly [string, string])[] {
    return [...this.#attributes];
  }

  enable(table: string, attribute: string): void {
    this.#attributes.set(table, attribute);
  }

  forget(table: string): void {
    this.#attributes.delete(table);
  }

  describe(table: string): Output {
    const attribute = this.#attributes.get(table);
    return {
      TimeToLiveDescription: attribute
        ? { TimeToLiveStatus: 'ENABLED', AttributeName: attribute }
        : { TimeToLiveStatus: 'DISABLED' },
    };
  }

  /**
   * Takes effect at once, where AWS takes up to an hour and refuses another change meanwhile.
   * Source: Amazon DynamoDB API Reference, "UpdateTimeToLive".
   */
  update(table: string, input: Input, requestId: string): Output {
    const specification = (input['TimeToLiveSpecification'] ?? {}) as Record<string, unknown>;
    const { AttributeName: attribute, Enabled: enabled } = specification;
    if (typeof attribute !== 'string' || attribute === '' || typeof enabled !== 'boolean') {
      throw new DynamoError(
        'ValidationException',
        'TimeToLiveSpecification needs AttributeName and Enabled.',
        requestId,
      );
    }
    if (enabled === this.#attributes.has(table)) {
      const state = enabled ? 'enabled' : 'disabled';
      throw new DynamoError('ValidationException', `TimeToLive is already ${state}`, requestId);
    }
    if (enabled) this.enable(table, attribute);
    else this.forget(table);
    return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
  }
}

/** Whether the attribute holds a past time: a number of seconds since 1970, not more than five years ago. */
export function isExpired(value: AttributeValue | undefined, now: number): boolean {
  if (value?.N === undefined) return false;
  const seconds = Number(value.N);
  const nowSeconds = now / 1000;
  return seconds <= nowSeconds && seconds > nowSeconds - OLDEST_EXPIRY_SECONDS;
}
