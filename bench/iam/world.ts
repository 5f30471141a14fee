import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stage, startStage } from '../../demo/stage.ts';
import { type Story, tell } from './stories.ts';

/** A world without companies: each story brings its own. */
export async function startBench(): Promise<{ stage: Stage; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'tanker-iam-'));
  const stage = await startStage({ directory, companies: [], onStep: console.error });
  return {
    stage,
    async stop() {
      await stage.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What one story used, and how it ended. */
export interface Told {
  readonly story: Story;
  readonly seconds: number;
  readonly problem: string | undefined;
  /** `<role ARN> <action>` of everything that it used. */
  readonly used: ReadonlySet<string>;
}

/** Longest story: the slow ones wait some seconds at every agent. */
const PATIENCE_MS = 180_000;

export const keyOf = ({ roleArn, action }: { roleArn: string; action: string }): string =>
  `${roleArn} ${action}`;

/** Tells one story, and counts what it used alone. */
export async function tellCounted(stage: Stage, story: Story): Promise<Told> {
  stage.cloud.iam.resetUsage();
  const began = Date.now();
  const problem = await tell(stage, story, AbortSignal.timeout(PATIENCE_MS));
  const used = new Set(
    stage.cloud.iam
      .usage()
      .filter(({ uses }) => uses > 0)
      .map(keyOf),
  );
  const seconds = (Date.now() - began) / 1000;
  console.error(`${seconds.toFixed(1).padStart(6)} s  ${story.name}${problem ? `: ${problem}` : ''}`);
  return { story, seconds, problem, used };
}

/** A role's name without the prefix that all of them share and CloudFormation's suffix. */
export const shortRole = (roleArn: string): string =>
  roleArn.slice(roleArn.lastIndexOf('/') + 1).replace(/-[0-9A-F]{12}$/, '');
