import type { StoredObject } from '../../core/ports.ts';
import { type AwsError, isAnswered } from './aws-errors.ts';

/**
 * After a write that may have been done although it failed — the answer was lost, or a repeat met its own first try —
 * asks S3 whether the key holds exactly these bytes. Keys name the attempt, and an attempt has one worker.
 */
export async function ownWrite(
  error: unknown,
  key: string,
  expected: { bytes: number; crc32: string },
  head: (key: string) => Promise<StoredObject>,
): Promise<StoredObject | undefined> {
  const { $metadata, name } = error as AwsError;
  const ambiguous = !isAnswered(error) || name === 'NoSuchUpload' || ($metadata?.attempts ?? 1) > 1;
  if (!ambiguous) return undefined;
  const held = await head(key).catch(() => undefined);
  return held?.bytes === expected.bytes && held.crc32 === expected.crc32 ? held : undefined;
}

/** The SDK's way to say that a signal ends the call. */
export const endedBy = (signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } =>
  signal ? { abortSignal: signal } : {};

/** What a middleware of the SDK's build step gets: a request whose headers are not signed yet. */
interface BuildArguments {
  request: { headers: Record<string, string> };
}

/**
 * Says that the payload is not signed, so that the signer does not hash it: the transport is TLS and the CRC32 and
 * SHA-256 of every byte are compared anyway. Source: SigV4 for S3, x-amz-content-sha256.
 */
export function presetPayloadHash<C extends PutOrPart>(command: C): C {
  command.middlewareStack.add(
    ((next: (args: unknown) => Promise<unknown>) => (args: unknown) => {
      (args as BuildArguments).request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    }) as never,
    { step: 'build', name: 'presetPayloadHash' },
  );
  return command;
}

interface PutOrPart {
  readonly middlewareStack: { add(middleware: never, options: { step: 'build'; name: string }): void };
}
