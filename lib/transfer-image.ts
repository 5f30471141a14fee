import { TRANSFER_MALLOC_ARENAS, TRANSFER_NODE_OPTIONS } from './transfer-process.ts';

/** MiB that Node's heap may take in the transfer task; the buffers of a transfer lie outside of it. */
const HEAP_MIB = 96;

/** The node images' own user, by number. */
const NODE_USER = 1000;

const ENTRYPOINT = ['node', `--max-old-space-size=${HEAP_MIB}`, ...TRANSFER_NODE_OPTIONS, 'index.mjs'];

/** The image of the transfer task: Node and one file, no shell between, not root. */
export const TRANSFER_DOCKERFILE = `FROM public.ecr.aws/docker/library/node:24-slim
ENV NODE_ENV=production MALLOC_ARENA_MAX=${TRANSFER_MALLOC_ARENAS}
WORKDIR /app
COPY index.mjs topology.json ./
USER ${NODE_USER}
ENTRYPOINT ${JSON.stringify(ENTRYPOINT)}
`;
