import {
  GATEWAY_BASE,
  GATEWAY_OPERATIONS,
  QUIET_TIMEOUT_SECONDS,
  type Topology,
} from '@tanker/contract/index.ts';
import type { Actor, Authority } from '../../core/ports.ts';
import { type Call, callJson, type Peer } from './json-http.ts';
import { bearerSecret } from './secrets.ts';

/** 3 tries × 4 s + 0.5 s of waits = 12.5 s, below CONTROL_FUNCTION_SECONDS (27) with room for the table's writes. */
const CALL_TIMEOUT_MS = 4000;

/** The lock call waits for requests in flight: (QUIET_TIMEOUT_SECONDS + 2 s) × 2 tries + 0.1 s = 24.1 s of the 27. */
const LOCK_TIMEOUT_MS = (QUIET_TIMEOUT_SECONDS + 2) * 1000;
const LOCK_TRIES = 2;

/**
 * The gateway as a peer: control functions act with the operator's token from the control region, agents read with the
 * reader's from their own datacenter's region.
 */
export const gatewayPeer = (topology: Topology, role: 'operator' | 'reader', region: string): Peer => ({
  name: 'The gateway',
  base: topology.gateway.url + GATEWAY_BASE,
  bearer: bearerSecret(
    region,
    role === 'operator' ? topology.gateway.operatorSecret : topology.gateway.readerSecret,
  ),
  unreachable: 'GatewayUnreachable',
});

type GatewayOperation = keyof typeof GATEWAY_OPERATIONS;

/** Core's Authority over the gateway contract. */
export function httpAuthority(peer: Peer): Authority {
  const call = (operation: GatewayOperation, company: string, body?: object): Call => {
    const { method, path } = GATEWAY_OPERATIONS[operation];
    return {
      method,
      path: path.replace('{company}', encodeURIComponent(company)),
      ...(body ? { body } : {}),
      timeoutMs: CALL_TIMEOUT_MS,
    };
  };
  const claimant = ({ task, epoch, holder }: Actor) => ({ task, epoch, holder });
  return {
    read: (company) => callJson(peer, call('read', company), GATEWAY_OPERATIONS.read.response),
    claim: (actor) =>
      callJson(peer, call('claim', actor.company, claimant(actor)), GATEWAY_OPERATIONS.claim.response),
    lock: (actor, leaseSeconds) =>
      callJson(
        peer,
        {
          ...call('lock', actor.company, { ...claimant(actor), leaseSeconds }),
          timeoutMs: LOCK_TIMEOUT_MS,
          tries: LOCK_TRIES,
        },
        GATEWAY_OPERATIONS.lock.response,
      ),
    unlock: (actor) =>
      callJson(peer, call('unlock', actor.company, claimant(actor)), GATEWAY_OPERATIONS.unlock.response),
    commit: (actor, change) =>
      callJson(
        peer,
        call('commit', actor.company, { ...claimant(actor), ...change }),
        GATEWAY_OPERATIONS.commit.response,
      ),
  };
}
