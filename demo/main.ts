import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { keepWorld } from './keep.ts';
import { lifecycleText } from './lifecycle/report.ts';
import { tellLifecycleStory } from './lifecycle/story.ts';
import { expectedOutcome, parseOptions } from './migrate/options.ts';
import { reportText } from './migrate/report.ts';
import { tellMigrateStory } from './migrate/story.ts';
import { type Stage, startStage } from './stage.ts';
import { demoCompanies } from './world/world.ts';

const DIRECTORY = resolve('.tanker/demo');

const options = parseOptions(process.argv.slice(2));
const began = Date.now();
const say = (line: string): void =>
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}`);

let stage: Stage | undefined;
let endKeeping: (() => void) | undefined;
const interrupt = (): void => {
  if (endKeeping) {
    endKeeping();
    return;
  }
  console.error('\nInterrupted: stopping the servers.');
  void (stage?.stop() ?? Promise.resolve()).finally(() => process.exit(130));
};
process.once('SIGINT', interrupt);
process.once('SIGTERM', interrupt);

/** Writes and prints the report; the exit status says whether it is the expected one. */
async function conclude(
  report: { readonly outcome: string; readonly promisesHeld: boolean },
  text: string,
  expected: string,
): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true });
  const file = join(DIRECTORY, 'report.json');
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\n${text}\n`);
  const good = report.outcome === expected && report.promisesHeld;
  say(
    good
      ? `As expected: ${expected}, every promise held. Report: ${file}`
      : `NOT as expected (${expected}, every promise held). Report: ${file}; records and logs: ${DIRECTORY}`,
  );
  process.exitCode = good ? 0 : 1;
}

/** Leaves the world up until Ctrl-C. What the options made fail works again, and schedules run as they do on AWS. */
async function keep(kept: Stage, task: string, source: string): Promise<void> {
  kept.cloud.faults.clear();
  kept.cloud.events.startSchedules();
  const world = await keepWorld(kept, { task, datacenter: source });
  console.log(`\n${world.text}\n`);
  try {
    await new Promise<void>((resolve) => {
      endKeeping = resolve;
    });
    console.log('\nStopping the servers.');
  } finally {
    await world.forget();
  }
}

try {
  stage = await startStage({
    directory: DIRECTORY,
    companies: demoCompanies(options.rows),
    transfer: options.transfer,
    onStep: say,
  });
  if (options.story === 'lifecycle') {
    const report = await tellLifecycleStory(stage, say);
    await conclude(report, lifecycleText(report), 'completed');
  } else {
    const report = await tellMigrateStory(stage, options, say);
    await conclude(report, reportText(report), expectedOutcome(options));
    if (options.keep) await keep(stage, report.task, report.from.split('/')[0] ?? '');
  }
} catch (error) {
  console.error(`\nThe demo failed: ${(error as Error).message}\nRecords and logs are in ${DIRECTORY}.`);
  process.exitCode = 1;
} finally {
  await stage?.stop();
}
