import { WRITE_ID_HEADER } from './product-api.ts';

export type WriteKind = 'create' | 'update' | 'delete';

/** A line of the journal: a write that the product acknowledged. */
export interface AcknowledgedWrite {
  readonly company: string;
  readonly collection: string;
  readonly writeId: string;
  readonly kind: WriteKind;
  readonly at: string;
}

export type WriteOutcome =
  | { readonly outcome: 'acknowledged'; readonly write: AcknowledgedWrite; readonly id: string }
  | { readonly outcome: 'locked'; readonly retryAfterSeconds: number }
  /** Refused with this status: it did not happen. */
  | { readonly outcome: 'refused'; readonly status: number }
  /** Whether it happened is unknown. */
  | { readonly outcome: 'uncertain'; readonly reason: string };

export interface WriteOrder {
  readonly gateway: string;
  readonly company: string;
  readonly collection: string;
  readonly kind: AcknowledgedWrite['kind'];
  readonly writeId: string;
  /** The row of an update or delete. */
  readonly id?: string;
}

const METHODS = { create: 'POST', update: 'PATCH', delete: 'DELETE' } as const;
/** A customer waits this long for an answer. */
const PATIENCE_MS = 15_000;

/** One write through the gateway. Never throws. */
export async function sendWrite(order: WriteOrder): Promise<WriteOutcome> {
  const path = `${order.gateway}/c/${order.company}/${order.collection}${order.id ? `/${order.id}` : ''}`;
  try {
    const response = await fetch(path, {
      method: METHODS[order.kind],
      headers: { 'content-type': 'application/json', [WRITE_ID_HEADER]: order.writeId },
      body:
        order.kind === 'delete' ? null : JSON.stringify({ text: `Written by a customer: ${order.writeId}` }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    if (response.status === 423) {
      return { outcome: 'locked', retryAfterSeconds: Number(response.headers.get('retry-after') ?? 1) };
    }
    if (response.status >= 500) return { outcome: 'uncertain', reason: `status ${response.status}` };
    if (!response.ok) return { outcome: 'refused', status: response.status };
    const { company, collection, writeId, kind } = order;
    const write = { company, collection, writeId, kind, at: new Date().toISOString() };
    return { outcome: 'acknowledged', write, id: (JSON.parse(text) as { id: string }).id };
  } catch (error) {
    return { outcome: 'uncertain', reason: error instanceof Error ? error.name : 'unknown' };
  }
}
