import { z } from 'zod';

/** What the demo leaves beside its world under --keep, so that the CLI finds it: .tanker/demo/kept.json. */
export const KeptDemo = z
  .object({
    /** http://127.0.0.1:<port> for every service of every region. */
    endpoint: z.url(),
    account: z.string(),
    /** The control region. */
    region: z.string(),
    /** Path of the topology that was synthesized. */
    topology: z.string(),
    /** Of the embedded cloud; AWS knows nothing of them. */
    credentials: z
      .object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() })
      .strict(),
  })
  .strict();
export type KeptDemo = z.infer<typeof KeptDemo>;

/** Below the directory where the demo was started. */
export const KEPT_DEMO_FILE = '.tanker/demo/kept.json';
