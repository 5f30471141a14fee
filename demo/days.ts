import { setTimeout as sleep } from 'node:timers/promises';
import type { Jump } from '../local/time-jumps.ts';
import type { Stage } from './stage.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const LOOK_EVERY_MS = 50;

/** Waits until nothing is under way in the cloud any more. */
async function quiet({ cloud }: Stage): Promise<void> {
  while (cloud.clock.underWay().length > 0) await sleep(LOOK_EVERY_MS);
}

/** Runs every rule that has a schedule, except those named, and waits until all that it began has ended. */
async function runSchedules(stage: Stage, except: readonly string[] = []): Promise<void> {
  const { cloud } = stage;
  for (const region of cloud.regions) {
    const due = cloud.events
      .rules(region)
      .filter(({ name, scheduleExpression }) => scheduleExpression && !except.includes(name));
    for (const { name } of due) cloud.events.fire(region, name);
  }
  await quiet(stage);
}

/**
 * Waits until nothing is under way, then lets whole days pass at once, for the cloud, its functions and tasks, the gateway
 * and the providers: what their time has come for is done by lifecycles and by time to live, and then each schedule runs
 * twice, as it would have many times: what the first run hands over, the second concludes. Answers when all that this
 * began has ended. PostgreSQL keeps the machine's time.
 */
export async function letDaysPass(stage: Stage, days: number): Promise<Jump> {
  await quiet(stage);
  const jump = await stage.cloud.clock.jump(days * DAY_MS);
  await runSchedules(stage, jump.firedRules);
  await runSchedules(stage);
  return jump;
}
