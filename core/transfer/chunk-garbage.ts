/**
 * Octets of chunks after which those that passed are collected. Their memory lies outside of V8's heap, and by itself V8
 * collects it only when tens of MiB have gathered, which was the largest part of a transfer's memory. A collection of
 * the young generation takes well below 1 ms here; at 200 MB/s there are a hundred of them in a second.
 */
export const COLLECT_EVERY_BYTES = 2 * 2 ** 20;

let passed = 0;

/** Told of each chunk that went through. Without Node's `--expose-gc` it does nothing, and memory is larger. */
export function chunkPassed(bytes: number): void {
  passed += bytes;
  if (passed < COLLECT_EVERY_BYTES) return;
  passed = 0;
  globalThis.gc?.({ type: 'minor', execution: 'sync' });
}
