// Runs before a process of the world: its dates follow the embedded cloud's clock, whenever that jumps.
import { shiftDates, takeOffset } from '../../local/shifted-dates.mjs';

shiftDates(takeOffset());
process.on('message', ({ clockOffsetMs }) => {
  if (clockOffsetMs === undefined) return;
  shiftDates(clockOffsetMs);
  process.send({ followedClock: clockOffsetMs });
});
