import type { Rules } from './rules.ts';
import { GARBLED, type Message, NO_ROWS, type Provider, type Refusal, type Rows } from './state.ts';

/** Checks incarnation, epoch and holder and raises the fence row: first in the transaction of every effect. */
export function enterFence(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  if (call.incarnation !== provider.incarnation && rules['5 calls name the incarnation']) {
    return 'IncarnationChanged';
  }
  if (call.epoch < provider.epoch) return rules['4 refuses a lower epoch'] ? 'EpochStale' : provider;
  const free = provider.holder === '';
  if (call.epoch === provider.epoch && !free && provider.holder !== call.by) {
    if (rules['4 refuses an equal epoch of another holder']) return 'EpochStale';
  }
  if (call.epoch === provider.epoch && !free) return provider;
  // A raised epoch ends the sessions of the epochs before.
  return { ...provider, epoch: call.epoch, holder: call.by, session: 0 };
}

/** Closes the company here to every writer; what the provider then holds is the snapshot. */
export function exportBegin(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const fenced = enterFence(provider, call, rules);
  if (typeof fenced === 'string' || !rules['9 an export closes']) return fenced;
  return { ...fenced, closing: call.grant };
}

/** Ends a closing. */
export function open(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const fenced = enterFence(provider, call, rules);
  return typeof fenced === 'string' ? fenced : { ...fenced, closing: 0 };
}

const isSealed = (provider: Provider, call: Message, rules: Rules): boolean =>
  call.epoch <= provider.sealed && rules['13 a seal ends imports'];

/** A session that kills older ones and their staging, and ends a closing that a move away left. */
export function importBegin(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const fenced = enterFence(provider, call, rules);
  if (typeof fenced === 'string') return fenced;
  if (isSealed(fenced, call, rules)) return 'ImportSealed';
  if (fenced.rows !== NO_ROWS && rules['15 imports insert, never upsert']) return 'TargetNotEmpty';
  const session = fenced.sessions + 1;
  return { ...fenced, closing: 0, sessions: session, session, staging: NO_ROWS };
}

/** The fence, the seal and the session of a part or a publish. */
function enterImport(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const fenced = enterFence(provider, call, rules);
  if (typeof fenced === 'string') return fenced;
  if (isSealed(fenced, call, rules)) return 'ImportSealed';
  const current = call.session === fenced.session;
  if (!current && rules['12 a session kills older ones']) return 'SessionUnknown';
  return fenced.session === 0 ? 'SessionUnknown' : fenced;
}

export function importPart(provider: Provider, call: Message, part: Rows, rules: Rules): Provider | Refusal {
  const entered = enterImport(provider, call, rules);
  return typeof entered === 'string' ? entered : { ...entered, staging: entered.staging | part };
}

/** All of staging becomes visible, or nothing. */
export function publish(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const entered = enterImport(provider, call, rules);
  if (typeof entered === 'string') return entered;
  if (entered.staging !== call.rows && rules['12 staging equals the manifest']) return 'StagingMismatch';
  return insert(entered, entered.staging, rules);
}

/** Rows that were checked become visible; what they would replace refuses them. */
export function insert(provider: Provider, rows: Rows, rules: Rules): Provider | Refusal {
  const taken = rows !== NO_ROWS && provider.neighbour === 'there';
  if (rules['15 imports insert, never upsert']) {
    if (provider.rows !== NO_ROWS) return 'TargetNotEmpty';
    if (taken) return 'KeyConflict';
  }
  return {
    ...provider,
    rows: provider.rows | rows,
    session: 0,
    staging: NO_ROWS,
    neighbour: taken ? 'overwritten' : provider.neighbour,
  };
}

/** The rows, one of them stored as something else. */
export const garbled = (rows: Rows): Rows => (rows & (rows - 1)) | GARBLED;

/** Ends imports up to this epoch; what the provider then holds is what verification uses. */
export function seal(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const fenced = enterFence(provider, call, rules);
  if (typeof fenced === 'string') return fenced;
  return { ...fenced, sealed: Math.max(fenced.sealed, call.epoch), session: 0, staging: NO_ROWS };
}

/** Rows and staging go; the fence row stays. */
export function erase(provider: Provider, call: Message, rules: Rules): Provider | Refusal {
  const fenced = enterFence(provider, call, rules);
  return typeof fenced === 'string' ? fenced : { ...fenced, rows: NO_ROWS, session: 0, staging: NO_ROWS };
}

/** After a restore of its database: the fence row is gone, and the incarnation is another one. */
export const restored = (provider: Provider): Provider => ({
  ...provider,
  epoch: 0,
  holder: '',
  sealed: 0,
  closing: 0,
  incarnation: provider.incarnation + 1,
  session: 0,
  staging: NO_ROWS,
});
