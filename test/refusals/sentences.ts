import { MAX_CAUSE_CHARACTERS, MAX_CAUSE_IN_RESULT } from '@tanker/contract/index.ts';
import type { Told } from './told.ts';

/** Tokens of the worlds and the texts of their customers' rows; none may be told. */
export const CANARY = 'canary';
const SECRET = /canary|a-token-for-tests-only|operator-token|reader-token/i;

/** What only a program can mean. */
const UNFINISHED = /\bundefined\b|\bnull\b|\bNaN\b|\[object|\$\{|\{\s*"|"\s*\}|\.\.(?!\.)/;

const WHOLE = /\.["'`)]{0,2}$/;

/** The acts with which a next step begins; a text that needs another one adds it. */
const ACTS = new Set(
  [
    ...[
      'Add',
      'Ask',
      'Begin',
      'Bring',
      'Call',
      'Change',
      'Check',
      'Compare',
      'Correct',
      'Deploy',
      'Do',
      'Erase',
    ],
    ...['Find', 'Give', 'Have', 'Leave', 'Let', 'List', 'Look', 'Name', 'Open', 'Raise', 'Read', 'Recover'],
    ...[
      'Remove',
      'Repeat',
      'Restore',
      'Run',
      'See',
      'Send',
      'Set',
      'Sign',
      'Start',
      'Stop',
      'Store',
      'Try',
      'Use',
    ],
    ...['Wait', 'Watch'],
  ].map((act) => act.toLowerCase()),
);

/** `Look …`, `If it stays so, look …`, or the honest `Nothing …`. */
function saysAct(next: string): boolean {
  if (/^Nothing\b/.test(next)) return true;
  const [, act = ''] = /^(?:(?:If|To) [^,]+, )?(\w+)/.exec(next) ?? [];
  return ACTS.has(act.toLowerCase());
}

/** What an error's text owes its reader. Empty for one that says it all. */
export function owedBy({ text, message }: Told, names: readonly string[]): string[] {
  const owed: string[] = [];
  const demand = (met: boolean, what: string) => met || owed.push(what);
  for (const part of ['what', 'now', 'next'] as const) {
    demand(WHOLE.test(text[part]) && text[part] === text[part].trim(), `${part} is no whole sentence`);
    demand(!UNFINISHED.test(text[part]), `${part} holds what only a program can mean`);
  }
  for (const name of names) demand(text.what.includes(name), `what does not name ${name}`);
  demand(saysAct(text.next), 'next says no act');
  demand(!SECRET.test(message), 'it tells a secret or a row');
  demand(message.length <= MAX_CAUSE_CHARACTERS, 'it is longer than a cause may be');
  demand(message.slice(0, MAX_CAUSE_IN_RESULT).includes(text.what), 'what is cut off where causes are');
  return owed;
}
