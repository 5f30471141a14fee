import type { Block, State } from './definition.ts';
import { SiblingFailed, StateFailure } from './errors.ts';
import type { Json } from './json.ts';
import type { Outcome } from './outcome.ts';
import { runChoice } from './states/choice.ts';
import { runFail } from './states/fail.ts';
import { runMap } from './states/map.ts';
import { runParallel } from './states/parallel.ts';
import { runPass, runSucceed } from './states/pass.ts';
import { runTask } from './states/task.ts';
import { runWait } from './states/wait.ts';
import type { Thread } from './thread.ts';
import { Visit } from './visit.ts';

/** States for which AWS has an aborted event. Source: HistoryEventType in the Step Functions API. */
const ABORTABLE: ReadonlySet<string> = new Set(['Task', 'Wait', 'Map', 'Parallel']);

/**
 * Runs a block from StartAt to its end and answers the last state's output.
 * @throws StateFailure that no catcher took, or why the thread was stopped
 */
export async function runBlock(block: Block, input: Json, thread: Thread): Promise<Json> {
  let name: string | undefined = block.StartAt;
  let data = input;
  while (name !== undefined) {
    const state: State | undefined = block.States[name];
    if (state === undefined) throw new Error(`state '${name}' is missing from a validated definition`);
    const waitMs = thread.run.turn();
    if (waitMs > 0) await new Promise<void>((resolve) => thread.run.clock.after(waitMs, resolve));
    const outcome = await runState(name, state, data, thread);
    data = outcome.output;
    name = outcome.next;
  }
  return data;
}

async function runState(name: string, state: State, input: Json, thread: Thread): Promise<Outcome> {
  const visit = new Visit(name, state, input, thread);
  try {
    const outcome = await runByType(visit);
    thread.scope.assign(outcome.assigned);
    const assigned = Object.keys(outcome.assigned).length > 0 ? { assignedVariables: outcome.assigned } : {};
    thread.advance(`${state.Type}StateExited`, { name, output: outcome.output, ...assigned });
    return outcome;
  } catch (error) {
    if (error instanceof StateFailure) error.leftState = state.Type;
    if (error instanceof SiblingFailed && ABORTABLE.has(state.Type)) {
      thread.history.add(`${state.Type}StateAborted`, thread.last);
    }
    throw error;
  }
}

function runByType(visit: Visit): Promise<Outcome> {
  switch (visit.state.Type) {
    case 'Pass':
      return runPass(visit as Visit<typeof visit.state>);
    case 'Task':
      return runTask(visit as Visit<typeof visit.state>);
    case 'Choice':
      return runChoice(visit as Visit<typeof visit.state>);
    case 'Wait':
      return runWait(visit as Visit<typeof visit.state>);
    case 'Succeed':
      return runSucceed(visit as Visit<typeof visit.state>);
    case 'Fail':
      return runFail(visit as Visit<typeof visit.state>);
    case 'Parallel':
      return runParallel(visit as Visit<typeof visit.state>);
    case 'Map':
      return runMap(visit as Visit<typeof visit.state>);
  }
}
