import { TankerError } from '@tanker/contract/index.ts';
import { PART_TRIES } from '../transfer/sizes.ts';
import type { Run } from './procedure.ts';

/**
 * Streams a part, once more if it broke in a way that may pass: parts are re-readable and a repeat replaces the part.
 * Octets of a try that failed are taken back from the progress.
 */
export async function tryPart<R>(
  run: Pick<Run<'export'>, 'advance'>,
  signal: AbortSignal,
  stream: (onBytes: (bytes: number) => void) => Promise<R>,
): Promise<R> {
  for (let tries = 1; ; tries += 1) {
    let passed = 0;
    try {
      const result = await stream((bytes) => {
        passed += bytes;
        run.advance(bytes, 0);
      });
      run.advance(0, 1);
      return result;
    } catch (error) {
      run.advance(-passed, 0);
      const passing = error instanceof TankerError && error.retry && !signal.aborted;
      if (!passing || tries === PART_TRIES) throw error;
    }
  }
}
