/**
 * How every SDK client talks: few, short tries, because the state machine's own retries stand behind them. The endpoint
 * comes from AWS_ENDPOINT_URL where that is set; the SDK reads it itself. Keep-alive is the SDK's default.
 */
export const RETRY_MODE = 'standard';

/** 1 try + 3 repeats. */
export const MAX_ATTEMPTS = 4;

/** A handshake between the two farthest regions takes about 3 × 300 ms. */
export const CONNECTION_TIMEOUT_MS = 2000;

/** 4 tries × 4 s = 16 s: a heartbeat that fails for good has failed before HEARTBEAT_SECONDS (20) are over. */
export const REQUEST_TIMEOUT_MS = 4000;

/** A function that is called synchronously: cold start (about 2 s) and a warm event's hold (1 s), with room. */
export const INVOKE_TIMEOUT_MS = 10_000;

/** An S3 call moves 8 MiB: 60 s is 140 KB/s, below which a transfer is broken and not slow. */
export const TRANSFER_TIMEOUT_MS = 60_000;

/** What every client is made with. */
export const clientOptions = (region: string, requestTimeout = REQUEST_TIMEOUT_MS) => ({
  region,
  retryMode: RETRY_MODE,
  maxAttempts: MAX_ATTEMPTS,
  requestHandler: {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout,
    socketTimeout: requestTimeout,
    throwOnRequestTimeout: true,
  },
});

/** Makes one client for each region, when it is first asked for. */
export function perRegion<C>(make: (region: string) => C): (region: string) => C {
  const made = new Map<string, C>();
  return (region) => {
    const client = made.get(region) ?? make(region);
    made.set(region, client);
    return client;
  };
}
