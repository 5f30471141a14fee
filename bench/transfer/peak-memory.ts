import { readFileSync } from 'node:fs';

/** Often enough that a process which ends is seen shortly before; the figure only grows. */
const LOOK_EVERY_MS = 20;

/** The most memory that the process had at once (VmHWM), in MiB, or undefined when it is gone. Linux only. */
function peakMiB(pid: number): number | undefined {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Watches processes that come and go; `pids` names those of each kind which live now. */
export function watchMemory<Kind extends string>(pids: () => Iterable<readonly [Kind, number]>) {
  const peaks = new Map<Kind, number>();
  const look = () => {
    for (const [kind, pid] of pids()) {
      const peak = peakMiB(pid);
      if (peak !== undefined) peaks.set(kind, Math.max(peak, peaks.get(kind) ?? 0));
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    stop(): ReadonlyMap<Kind, number> {
      look();
      clearInterval(timer);
      return peaks;
    },
  };
}
