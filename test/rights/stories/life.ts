import { locationOf } from '../../../demo/world/world.ts';
import {
  agentAt,
  controlAt,
  disturb,
  FAILS,
  hold,
  type Move,
  phaseBegun,
  recordOf,
  runningExecutions,
  start,
  startMove,
  stopExecutions,
  taskOf,
  until,
} from '../move.ts';
import { expecting, PROVIDER, type Story, type Telling } from './story.ts';

export const backedUp: Story = {
  async run(move) {
    await start(move, 'backup', {});
    return expecting(move, 'backed-up', { operation: 'backup' });
  },
};

async function remove(move: Move): Promise<string | undefined> {
  await start(move, 'remove', {});
  return expecting(move, 'removed', { operation: 'remove' });
}

export const removed: Story = { run: remove };

/** The recovery goes forward: it ends every other copy of the company, and erases. */
export const removedByRecovery: Story = {
  async run(move) {
    const release = hold(move, controlAt(move.stage, 'unlock-traffic'));
    await start(move, 'remove', {});
    await phaseBegun(move, 'unlock', 'remove');
    await stopExecutions(move);
    release();
    return expecting(move, 'removed', { operation: 'remove', recovers: true });
  },
};

/** A provider does not erase: what is left stands on the removal's record. */
export const incomplete: Story = {
  async run(move) {
    const { stage, home } = move;
    disturb(move, agentAt(stage, home, 'erase'), { ...FAILS, times: 'forever' }, { provider: PROVIDER });
    await start(move, 'remove', {});
    const record = await until(move, async () => {
      const found = await recordOf(move, 'remove');
      return found?.incomplete && found;
    });
    const others = record.incomplete?.left.filter(({ provider }) => provider !== PROVIDER) ?? [];
    return others.length > 0 ? `something is left at ${others[0]?.provider} too` : undefined;
  },
};

/** A company that was removed comes back from the backup that its removal made. */
export const restored: Story = {
  async run(move) {
    const problem = await remove(move);
    if (problem) return problem;
    await start(move, 'restore', { backup: taskOf(move, 'remove'), to: locationOf(move.home) });
    return expecting(move, 'restored', { operation: 'restore' });
  },
};

/** A company has moved, and its fallback copy is given up before its time. */
export const cleaned: Story = {
  async run(move) {
    await startMove(move);
    const problem = await expecting(move, 'migrated');
    if (problem) return problem;
    await start(move, 'cleanup', { at: locationOf(move.home), early: true });
    return expecting(move, 'cleaned', { operation: 'cleanup' });
  },
};

/** Starts any operation; whether it would be refused in the end does not matter. */
function startAny(telling: Telling): Promise<void> {
  const at = locationOf(telling.home);
  switch (telling.operation) {
    case 'migrate':
      return startMove(telling);
    case 'restore':
      return start(telling, 'restore', { backup: 'none', to: at });
    case 'cleanup':
      return start(telling, 'cleanup', { at });
    default:
      return start(telling, telling.operation, {});
  }
}

/** The function is told of the company inside of the task's input. */
function holdOpenTask({ stage, company }: Move): void {
  const { region, functionName } = controlAt(stage, 'open-task');
  const match = { operation: 'Run', functionName, payload: { input: { company } } };
  const effect = { kind: 'hold', what: 'call' } as const;
  stage.cloud.faults.set({ service: 'lambda', region, match, times: 'forever', effect });
}

/** The machine is stopped while it waits for the plan that is nested in it, which is stopped with it. */
export const stoppedInPlan: Story = {
  async run(telling) {
    holdOpenTask(telling);
    await startAny(telling);
    const isPlan = ({ machine }: { machine: string }) => machine === 'plan';
    await until(telling, async () => (await runningExecutions(telling)).find(isPlan));
    await stopExecutions(telling, telling.operation);
    const goesOn = (await runningExecutions(telling)).some(isPlan);
    return goesOn ? 'the plan went on although the machine that waits for it was stopped' : undefined;
  },
};
