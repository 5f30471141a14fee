import {
  keys,
  LAUNCH,
  type TaskRecord,
  type TransferWork,
  type WorkerRecord,
} from '@tanker/contract/index.ts';
import { readSubtasks } from '@tanker/sdk/task-records.ts';
import { AHEAD, transferWork } from '../../../core/control/transfer-work.ts';
import { locationOf } from '../../../demo/world/world.ts';
import {
  agentAt,
  controlAt,
  dispatched,
  FAILS,
  hold,
  inHistory,
  loseEvents,
  type Move,
  phaseBegun,
  recordOf,
  regionOf,
  settled,
  startMove,
  stopExecutions,
  taskOf,
  until,
} from '../move.ts';
import { fenceOff } from './agents.ts';
import { DOCUMENTS, expecting, type Story } from './story.ts';
import { uploadBroken } from './whole.ts';

/** Above what the bench's topology gives to a function: see world.ts. */
const DOCUMENT_BYTES = 24_000_000;

const onFargate = (run: Story['run']): Story => ({ documentBytes: DOCUMENT_BYTES, run });

const EXPORT = { phase: 'export', action: 'export', provider: DOCUMENTS } as const;
const exportAt = ({ home }: Move) => ({ ...EXPORT, location: locationOf(home) });

/** The row of the worker that was started ahead for the export. */
const workerRow = async (move: Move, { epoch }: TaskRecord): Promise<WorkerRecord | undefined> =>
  (await move.stage.rows.get(keys.worker({ task: taskOf(move), epoch, ...exportAt(move) }))) as
    | WorkerRecord
    | undefined;

/** The processes that export the company's documents, in the order of their starts. */
function exporters({ stage, company }: Move) {
  return stage.cloud.ecs.tasks().filter(({ overrides }) => {
    const variables = overrides.flatMap(({ environment = [] }) => environment);
    const work = JSON.parse(variables[0]?.value ?? '{}') as Partial<TransferWork>;
    return work.company === company && work.action === 'export';
  });
}

/** The attempt of the export that succeeded. */
async function attemptOf(move: Move): Promise<number | undefined> {
  const all = await readSubtasks(move.stage.rows, taskOf(move));
  return all.find(({ action, provider }) => action === 'export' && provider === DOCUMENTS)?.attempt;
}

export const migratedOnFargate = onFargate(async (move) => {
  await startMove(move);
  const problem = await expecting(move, 'migrated');
  if (problem) return problem;
  return exporters(move).length === 1 ? undefined : `${exporters(move).length} tasks exported`;
});

/** The waiting worker is killed before its work is dispatched; another one is launched for the same attempt. */
async function killWaiting(move: Move): Promise<void> {
  const release = hold(move, controlAt(move.stage, 'lock-traffic'));
  await startMove(move);
  const record = await phaseBegun(move, 'lock');
  for (const { process } of exporters(move)) process?.kill('SIGKILL');
  await until(move, async () => (await workerRow(move, record))?.state === 'stopped' || undefined);
  release();
}

export const launchedAgain = onFargate(async (move) => {
  await killWaiting(move);
  await phaseBegun(move, 'verify-exports');
  const attempt = await attemptOf(move);
  return attempt === 1 ? undefined : `attempt ${attempt} exported`;
});

/** `launch` itself dies when it is to launch another worker: that is told. */
export const launchDies = onFargate(async (move) => {
  const { stage, home, company } = move;
  stage.cloud.faults.set({
    service: 'lambda',
    region: regionOf(stage, home),
    match: {
      operation: 'Run',
      functionName: agentAt(stage, home, LAUNCH).functionName,
      payload: { work: { company } },
    },
    ...FAILS,
  });
  await killWaiting(move);
  const told = await inHistory(move, 'slice', /RetriesExhausted|States\.(Heartbeat)?Timeout"/);
  return told === 'RetriesExhausted' ? undefined : 'nobody told that launch died';
});

/** The worker is killed while it works. */
export const killedAtWork = onFargate(async (move) => {
  await startMove(move);
  await until(move, async () => {
    const all = await readSubtasks(move.stage.rows, taskOf(move));
    return all.some(
      ({ action, provider, state }) => action === 'export' && provider === DOCUMENTS && state === 'running',
    )
      ? true
      : undefined;
  });
  for (const { process } of exporters(move)) process?.kill('SIGKILL');
  const told = await inHistory(move, 'slice', /The Fargate task for the export|States\.(Heartbeat)?Timeout"/);
  return told.startsWith('The Fargate task') ? undefined : 'nobody told that the task had stopped';
});

/** The provider refuses what the worker asks; the worker says so itself. */
export const refusedOnFargate = onFargate(async (move) => {
  await startMove(move);
  await phaseBegun(move, 'prepare');
  await fenceOff(move, DOCUMENTS, move.home);
  await inHistory(move, 'slice', /EpochStale/);
  return undefined;
});

/** The worker finds its work after the execution was stopped. */
export const lateOnFargate = onFargate(async (move) => {
  const release = hold(move, controlAt(move.stage, 'lock-traffic'));
  await startMove(move);
  await phaseBegun(move, 'lock');
  const [exporter] = exporters(move);
  exporter?.process?.kill('SIGSTOP');
  release();
  const subtask = await dispatched(move, 'export', { provider: DOCUMENTS, datacenter: move.home });
  // A recovery would end the subtask, and the worker hear of that first.
  await loseEvents(move);
  await stopExecutions(move);
  exporter?.process?.kill('SIGCONT');
  const end = await settled(move, subtask);
  if (end.state === 'failed' && end.error === 'SubtaskSuperseded') return undefined;
  return `the late worker ${end.state}${end.state === 'failed' ? ` with ${end.error}` : ''}`;
});

export const uploadBrokenOnFargate: Story = { documentBytes: DOCUMENT_BYTES, run: uploadBroken.run };

/** The worker waits before anybody has noted its start. */
export const fasterThanItsNote = onFargate(async (move) => {
  const { stage, home, company } = move;
  hold(move, controlAt(stage, 'prepare-workers'));
  await startMove(move);
  const { task, epoch, holder } = await phaseBegun(move, 'prepare');
  const actor = { task, company, epoch, holder: holder ?? '' };
  const { region, functionName } = agentAt(stage, home, LAUNCH);
  await stage.cloud.lambda.invoke({
    region,
    functionName,
    payload: JSON.stringify({ works: [transferWork(actor, exportAt(move), AHEAD)] }),
  });
  await until(move, async () => {
    const record = await recordOf(move);
    const row = record && (await workerRow(move, record));
    return row?.state === 'waiting' ? true : undefined;
  });
  return undefined;
});
