import { COMMIT_PHASE, DONE, type Outcome, type TaskOperation } from '@tanker/contract/index.ts';
import { STRUCK } from './actors.ts';
import { actorsOf, type Cell } from './cells.ts';

/** What a cell has to end with, computed from the place of the commit point and from what the way leaves to be healed. */

/** Of which task a cell of the recovery is: a migration that is undone because an import fails. */
export const RECOVERED: TaskOperation = 'migrate';

export const operationOf = ({ operation }: Cell): TaskOperation =>
  operation === 'recover' ? RECOVERED : operation;

/** Whether the fault passes by: a retry, or another attempt, does the work as if nothing had been. */
function isHealed(cell: Cell): boolean {
  const { way, when } = cell;
  const isAgent = actorsOf(cell)?.main.kind === 'agent';
  switch (way) {
    case 'stopped':
    case 'provider-down':
    case 's3-refuses':
      return false;
    case 'fails-once':
      // A function that dies is not called again: nobody knows what it did. An agent that dies has told its end before.
      return when === 'before' || isAgent;
    case 'fails':
      return when === 'after' && isAgent;
    default:
      return true;
  }
}

/** Where the fault strikes, seen from the commit point of the operation. */
function placeOf(cell: Cell & { readonly operation: TaskOperation }): 'before' | 'commit' | 'after' {
  const phases = STRUCK[cell.operation];
  const at = phases.indexOf(cell.phase) - phases.indexOf(COMMIT_PHASE[cell.operation]);
  if (at === 0) return 'commit';
  return at < 0 ? 'before' : 'after';
}

const isTask = (cell: Cell): cell is Cell & { readonly operation: TaskOperation } =>
  cell.operation !== 'recover';

/** The claim at the authority is plan's last act: before it the task is refused, after it undone. */
const hadClaimed = (cell: Cell): boolean =>
  cell.phase !== 'plan' || (cell.when === 'after' && cell.way !== 'provider-down');

export function expectedOutcome(cell: Cell): Outcome {
  if (!isTask(cell)) return 'undone';
  const done = DONE[cell.operation];
  if (isHealed(cell)) return done;
  // What some provider keeps after an erase is a debt, or the removal's incompleteness; both are told apart.
  const place = placeOf(cell);
  if (place === 'after' || (place === 'commit' && cell.when === 'after')) return done;
  return hadClaimed(cell) ? 'undone' : 'refused';
}

/** Whether the provider at the agent's location can't be erased: a debt, or a removal that is incomplete. */
export function leavesSomething(cell: Cell): boolean {
  const { operation, phase, way, when } = cell;
  if (phase === 'erase') return way === 'provider-down' || (way === 'fails' && when === 'before');
  // The target's provider is to be erased by the recovery, and can't be reached.
  const atTarget = phase === 'import' || phase === 'verify';
  return way === 'provider-down' && atTarget && (operation === 'migrate' || operation === 'restore');
}

/** Whether the removal stays open until somebody mends what is broken. */
export const isIncomplete = (cell: Cell): boolean => cell.operation === 'remove' && leavesSomething(cell);

/** Whether the recovery itself meets the broken function, so that the task stays open until that is mended. */
export function needsMending(cell: Cell): boolean {
  if (isIncomplete(cell)) return true;
  if (cell.way !== 'fails' || actorsOf(cell)?.main.kind !== 'control') return false;
  return !isTask(cell) || placeOf(cell) === 'after';
}

/** Whether exports may stay in the bucket: S3 refuses their deletion, and their due date stands on record. */
export const keepsExports = (cell: Cell): boolean =>
  cell.operation === 'recover' && cell.phase === 'erase' && cell.way === 's3-refuses';
