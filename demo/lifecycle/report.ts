import { textTable } from '@tanker/sdk/text.ts';

/** What the steps of the story look at, by promise. */
export const LIFECYCLE_PROMISES = {
  P1: 'one home, or none',
  P2: 'nothing lost',
  P3: 'all or nothing',
  P5: 'no orphan lock',
  P7: 'verified before visible',
  P8: 'neighbours untouched',
  P9: 'gone when promised, there when promised',
  P11: 'evidence',
} as const;
export type LifecyclePromise = keyof typeof LIFECYCLE_PROMISES;

/** One thing that was looked at, and what was wrong with it. */
export interface Checked {
  readonly promise: LifecyclePromise;
  readonly what: string;
  readonly findings: readonly string[];
}

export interface LifecycleStep {
  readonly name: string;
  /** On which day of the story. */
  readonly day: number;
  readonly ok: boolean;
  readonly checked: readonly Checked[];
}

/** What .tanker/demo/report.json holds. Stable: programs read it. */
export interface LifecycleReport {
  readonly story: 'lifecycle';
  readonly outcome: 'completed' | 'broken';
  readonly promisesHeld: boolean;
  readonly promises: Record<LifecyclePromise, boolean>;
  readonly company: string;
  readonly steps: readonly LifecycleStep[];
}

const ids = Object.keys(LIFECYCLE_PROMISES) as LifecyclePromise[];

export function lifecycleReport(
  company: string,
  steps: readonly LifecycleStep[],
  all: number,
): LifecycleReport {
  const checked = steps.flatMap((step) => step.checked);
  const held = (id: LifecyclePromise): boolean => {
    const own = checked.filter(({ promise }) => promise === id);
    return own.length > 0 && own.every(({ findings }) => findings.length === 0);
  };
  const promises = Object.fromEntries(ids.map((id) => [id, held(id)])) as LifecycleReport['promises'];
  const promisesHeld = Object.values(promises).every(Boolean);
  const completed = promisesHeld && steps.length === all && steps.every(({ ok }) => ok);
  return {
    story: 'lifecycle',
    outcome: completed ? 'completed' : 'broken',
    promisesHeld,
    promises,
    company,
    steps,
  };
}

/** The report as a person reads it at the end of the demo. */
export function lifecycleText({ company, steps, promises, outcome }: LifecycleReport): string {
  const rows = steps.flatMap(({ name, day, checked }) => [
    [`day ${day}`, name, ''],
    ...checked.map(({ what, findings }) => [
      '',
      `  ${what}`,
      findings.length === 0 ? 'ok' : `BROKEN: ${findings.join('; ')}`,
    ]),
  ]);
  const kept = ids.map((id) => [id, LIFECYCLE_PROMISES[id], promises[id] ? 'held' : 'BROKEN']);
  return [
    `The life of ${company}: ${outcome}`,
    `\n${textTable(rows, [])}`,
    `\nPromises, each by checks of its own\n${textTable(kept, [])}`,
  ].join('\n');
}
