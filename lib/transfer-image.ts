/** MiB that Node's heap may take in the transfer task; the buffers of a transfer lie outside of it. */
const HEAP_MIB = 96;

/** MiB of one half of the young generation: the larger it is, the more dead chunks of a stream lie about. */
const SEMI_SPACE_MIB = 4;

/** The node images' own user, by number. */
const NODE_USER = 1000;

/** The image of the transfer task: Node and one file, no shell between, not root. */
export const TRANSFER_DOCKERFILE = `FROM public.ecr.aws/docker/library/node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY index.mjs topology.json ./
USER ${NODE_USER}
ENTRYPOINT ["node", "--max-old-space-size=${HEAP_MIB}", "--max-semi-space-size=${SEMI_SPACE_MIB}", "index.mjs"]
`;
