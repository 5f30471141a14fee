// Runs before a task's own entry: a task lives no longer than the cloud, and its dates follow the cloud's clock.
import { shiftDates, takeOffset } from '../shifted-dates.mjs';

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
shiftDates(takeOffset());
