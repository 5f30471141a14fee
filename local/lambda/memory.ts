import { readFile } from 'node:fs/promises';

/** How often a running function's memory is looked at: often enough for what grows by an allocation of buffers. */
const LOOK_EVERY_MS = 100;

/** Linux counts in pages of 4 KiB on the machines that Node supports. Source: proc_pid_statm(5). */
const PAGE_BYTES = 4096;

const MEGABYTE = 1024 * 1024;

export interface MemoryWatch {
  /** Highest seen since the process began, in MB. */
  peakMb(): number;
  stop(): void;
}

/**
 * Calls `over` once when the process holds more memory than the function has. Lambda ends such an environment, and the
 * invocation with `Runtime.ExitError: … signal: killed`. Source: Lambda, "Troubleshoot execution issues", memory.
 * A system without /proc is not watched: there only Node's own heap limit holds.
 */
export function watchMemory(pid: number, limitMb: number, over: () => void): MemoryWatch {
  let peakBytes = 0;
  let stopped = false;
  const look = async () => {
    const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
    const bytes = Number(statm.split(' ')[1] ?? 0) * PAGE_BYTES;
    peakBytes = Math.max(peakBytes, bytes);
    if (stopped || bytes <= limitMb * MEGABYTE) return;
    stop();
    over();
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  const stop = () => {
    stopped = true;
    clearInterval(timer);
  };
  return { peakMb: () => Math.round(peakBytes / MEGABYTE), stop };
}
