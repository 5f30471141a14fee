import { readFileSync } from 'node:fs';
import { mistakesOf } from '@tanker/contract/index.ts';
import { z } from 'zod';

/** 32 characters of base64url are 192 bits: beyond guessing. */
const Token = z.string().min(32, 'a bearer token of at least 32 characters');

/** The gateway's one configuration file. */
export const GatewayConfig = z
  .object({
    /** 0 takes any free port; the ready line names it. */
    port: z.int().min(0).max(65_535),
    /** SQLite file of the authority record; created when absent. */
    database: z.string().min(1),
    /** May do everything. */
    operatorToken: Token,
    /** May only read records. */
    readerToken: Token,
    /** Base URL of the product's services per location, by `<datacenter>/<server>`. */
    routes: z.record(
      z.string().regex(/^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/, '<datacenter>/<server>'),
      z
        .url({ protocol: /^http$/, error: 'an http:// URL' })
        .regex(/^[^?#@]*$/, 'an http:// URL without credentials, query and fragment'),
    ),
  })
  .strict();
export type GatewayConfig = z.infer<typeof GatewayConfig>;

/** Reads the configuration file. Throws with the fields that are wrong, never with what they hold. */
export function readGatewayConfig(path: string): GatewayConfig {
  const parsed = GatewayConfig.safeParse(readJson(path));
  if (parsed.success) return parsed.data;
  const mistakes = mistakesOf(parsed.error.issues, 'the file');
  throw new Error(`The gateway's configuration ${path} is wrong, nothing was started: ${mistakes}.`);
}

/** JSON.parse's own error would quote the text, and with it a token. */
function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The gateway's configuration ${path} is no JSON, nothing was started.`);
  }
}
