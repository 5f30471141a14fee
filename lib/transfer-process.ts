/** MiB of one half of V8's young generation: a transfer's objects are small, its chunks lie outside of the heap. */
const SEMI_SPACE_MIB = 4;

/** How Node runs a transfer, in a function and in a task: it collects the chunks that passed itself, and early. */
export const TRANSFER_NODE_OPTIONS: readonly string[] = [
  '--expose-gc',
  `--max-semi-space-size=${SEMI_SPACE_MIB}`,
];

/** glibc gives each thread memory of its own otherwise, of which little is ever given back. */
export const TRANSFER_MALLOC_ARENAS = '1';
