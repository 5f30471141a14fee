import type { Readable } from 'node:stream';
import {
  type EraseRequest,
  type ExportBeginRequest,
  type Fence,
  type HookName,
  type HookRequest,
  type ImportBeginRequest,
  type OpenRequest,
  sameLocation,
  TankerError,
} from '@tanker/contract/index.ts';
import type { z } from 'zod';
import type { FencedCall, ProviderImplementation } from './provider-implementation.ts';
import type { ParsedRequest } from './provider-request.ts';

/** Typed ids in the body of an erase must say what its path says: a mixed-up pair is refused, never guessed. */
function checkErase(request: ParsedRequest, order: z.infer<typeof EraseRequest>): void {
  if (order.company === request.company && sameLocation(order.location, request.location)) return;
  throw new TankerError('RequestInvalid', {
    what: 'The erase names another company or location in its body than in its path.',
    now: 'Nothing was touched.',
    next: 'Name the same company and location in both.',
  });
}

/**
 * Calls the implementation's method for a checked request. Answers the response's body, or a stream for octets.
 * The casts restate what parseRequest has checked by the operation's own schemas.
 */
export async function dispatch(
  implementation: ProviderImplementation,
  request: ParsedRequest,
  body: Readable,
  signal: AbortSignal,
): Promise<unknown> {
  const { location, company, session, part } = request;
  const call: FencedCall = { location, company, signal, fence: request.fence as Fence };
  switch (request.id) {
    case 'describe':
      return implementation.describe({ location, signal });
    case 'summary':
      return implementation.summary(call, {
        digest: (request.query as { digest?: string }).digest === 'true',
      });
    case 'drain':
      return implementation.drain(call);
    case 'closings':
      return implementation.closings({ location, signal }, request.query as { after?: string });
    case 'exportBegin':
      return implementation.exportBegin(call, request.body as z.infer<typeof ExportBeginRequest>);
    case 'exportPart':
      return implementation.exportPart(call, { export: session, part });
    case 'exportFinish':
      return implementation.exportFinish(call, { export: session });
    case 'exportRelease':
      await implementation.exportRelease(call, { export: session });
      return {};
    case 'open':
      await implementation.open(call, request.body as z.infer<typeof OpenRequest>);
      return { open: true };
    case 'importBegin':
      return implementation.importBegin(call, request.body as ImportBeginRequest);
    case 'importPart':
      return implementation.importPart(call, { session, part }, body);
    case 'importPublish':
      return implementation.importPublish(call, { session });
    case 'importAbort':
      await implementation.importAbort(call, { session });
      return {};
    case 'seal':
      return implementation.seal(call);
    case 'fence':
      await implementation.fence(call);
      return { epoch: call.fence.epoch, holder: call.fence.holder };
    case 'erase': {
      const order = request.body as z.infer<typeof EraseRequest>;
      checkErase(request, order);
      return implementation.erase(call, { version: order.version, reason: order.reason });
    }
    case 'hook': {
      const { key, version } = request.body as z.infer<typeof HookRequest>;
      return { ran: await implementation.hook(call, { name: request.hook as HookName, key, version }) };
    }
  }
}
