import type { PromiseId } from './promises.ts';
import type { ScenarioName } from './scenarios.ts';

/** One condition of the protocol that the model can leave out. */
interface Rule {
  /** The sentence of the rule that it stands for. */
  readonly sentence: string;
  /** The scenario in which a world without it breaks a promise, and which one. */
  readonly shownBy: ScenarioName;
  readonly breaks: PromiseId;
  /** A second net: in this scenario another condition makes it good, and it the other; without both the promise breaks. */
  readonly behind?: string;
}

/** The conditions that the model holds, named by the number of the protocol's rule. */
export const RULES = {
  '1 one record answers': {
    sentence:
      'One authority record per company, in one linearizable store; every replica and cache follows it.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  '2 one task takes the company': {
    sentence: 'The table issues epochs by one conditional write.',
    shownBy: 'two migrations planned at once',
    breaks: 'P6',
  },
  '2 a take is idempotent by holder': {
    sentence: 'The write that issues an epoch is idempotent by holder (task and execution).',
    shownBy: 'doubled takes',
    breaks: 'P3',
  },
  '2 epochs are above all reported': {
    sentence: 'A new epoch is above every number that the authority or a provider has reported.',
    shownBy: 'recovery, table restored, migrate',
    breaks: 'P3',
  },
  '3 a worker keeps its epoch': {
    sentence: 'A worker carries the epoch and attempt it was started with, and never re-reads them.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  '4 refuses a lower epoch': {
    sentence: 'Providers keep (highest epoch, holder) durably and refuse a lower epoch.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  '4 refuses an equal epoch of another holder': {
    sentence: 'Authority and providers refuse an equal epoch of another holder.',
    shownBy: 'migrate, table restored, backup',
    breaks: 'P2',
    behind: '2 epochs are above all reported',
  },
  '4 checks in the transaction of the effect': {
    sentence: 'The epoch is checked in the same transaction as the effect, per batch for streams.',
    shownBy: 'late import',
    breaks: 'P4',
  },
  '5 calls name the incarnation': {
    sentence:
      'Every mutating call names the incarnation as read before; a provider that was restored refuses the old one.',
    shownBy: 'late import',
    breaks: 'P4',
  },
  '6 claim is a write': {
    sentence:
      'claim(e) is one write that raises the highest epoch and returns home and v; the table alone fences nothing.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  '7 waits until nothing is in flight': {
    sentence: 'The lock returns a grant after no request or job is in flight.',
    shownBy: 'messages',
    breaks: 'P2',
  },
  '7 an epoch is granted once': {
    sentence:
      'An epoch is granted once; a repeat while held returns the same grant, after its end it is refused.',
    shownBy: 'late lock',
    breaks: 'P5',
  },
  '8 a lease ends by a write': {
    sentence: 'A lease ends by a write that kills the grant; clocks never decide what is true.',
    shownBy: 'fast clocks',
    breaks: 'P2',
  },
  '9 an export closes': {
    sentence: 'export begin closes the company at that provider to every writer.',
    shownBy: 'foreign jobs',
    breaks: 'P1',
  },
  '9 a source that was left stays closed': {
    sentence: 'A region opens only where home still is; after a commit the source stays closed.',
    shownBy: 'foreign jobs',
    breaks: 'P1',
  },
  '9 a region opens by itself': {
    sentence: "Home is opened by its own region's schedule once the grant is dead.",
    shownBy: 'control region down',
    breaks: 'P5',
  },
  '10 watermarks are read again': {
    sentence:
      'A slice counts only if every watermark, read again just before the commit point, equals the one of its export.',
    shownBy: 'messages',
    breaks: 'P2',
  },
  '10 the commit checks the grant': {
    sentence: 'The commit point itself checks that the grant is unbroken.',
    shownBy: 'migrate',
    breaks: 'P2',
  },
  '11 objects are written once': {
    sentence: 'S3 objects are written once, after a conditional write on the subtask row.',
    shownBy: 'backup',
    breaks: 'P9',
  },
  '12 a session kills older ones': {
    sentence: 'import begin returns a session that kills older ones; parts and publish name it.',
    shownBy: 'two attempts of an import',
    breaks: 'P7',
    behind: '12 staging equals the manifest',
  },
  '12 staging equals the manifest': {
    sentence: 'publish is refused unless staging equals the manifest.',
    shownBy: 'crash in an import',
    breaks: 'P7',
  },
  '13 seals every provider': {
    sentence: 'After the imports, seal(e) goes to every provider of the target, also those without rows.',
    shownBy: 'migrate, undone, migrate',
    breaks: 'P2',
  },
  '13 a seal ends imports': {
    sentence: 'A seal refuses every import call of epochs up to e.',
    shownBy: 'late import',
    breaks: 'P4',
  },
  '14 verifies before it commits': {
    sentence: 'The commit is sent only after every seal has answered and verification passed.',
    shownBy: 'garbled import',
    breaks: 'P2',
  },
  '14 refuses a lower epoch': {
    sentence: 'The commit is refused unless e is the highest.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  '14 home and version are as claimed': {
    sentence: 'The commit is refused unless home and v are as claimed.',
    shownBy: 'removal and migration planned at once',
    breaks: 'P2',
  },
  '15 a removal commits before it erases': {
    sentence: 'remove: home to removed, before the first erase.',
    shownBy: 'remove',
    breaks: 'P2',
  },
  '15 a backup needs an unbroken grant': {
    sentence: "backup: the unlock, whose answer is 'unbroken' or not.",
    shownBy: 'backup',
    breaks: 'P7',
    behind: '10 watermarks are read again',
  },
  '15 only a removed company is restored': {
    sentence: 'restore: removed to home; there is no replace in place.',
    shownBy: 'restore of a company at home',
    breaks: 'P2',
  },
  '15 imports insert, never upsert': {
    sentence: 'An import inserts and never replaces (restore of a company whose keys others may use by now).',
    shownBy: 'restore',
    breaks: 'P8',
  },
  '15 a fallback is given up before it is erased': {
    sentence: 'cleanup: the conditional write that gives the fallback copy up.',
    shownBy: 'cleanup',
    breaks: 'P9',
  },
  '16 unknown goes to recovery': {
    sentence:
      'Before the commit point nothing at home changes, after it only forward; unknown is neither, and goes to recovery.',
    shownBy: 'lost answers',
    breaks: 'P3',
  },
  '19 recovers only its open task': {
    sentence: "Recovery takes an epoch only while the company's row names its task and that task is open.",
    shownBy: 'migrate, backup, late event',
    breaks: 'P6',
  },
  '20 claims, then decides': {
    sentence: 'Recovery claims and then decides; a decision is valid only under the epoch that made it.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  "20 decides by the task's own mark": {
    sentence: "Forward if the commit mark is this task's, never by where the company is.",
    shownBy: 'two migrations planned at once',
    breaks: 'P11',
  },
  '20 asks for a cleanup by a write': {
    sentence: 'What decides is the write: the record of a fallback copy is fenced before its mark is read.',
    shownBy: 'cleanup',
    breaks: 'P3',
  },
  '21 erases at every provider of the plan': {
    sentence: 'Back erases the target at every provider of the plan.',
    shownBy: 'migrate',
    breaks: 'P3',
  },
  '22 an erase names its location': {
    sentence: 'erase names company and location (two servers of one datacenter are two locations).',
    shownBy: 'migrate',
    breaks: 'P2',
  },
  '22 reads the authority before an erase': {
    sentence:
      'The agent sends an erase only after a linearizable read shows its epoch as the highest and another home.',
    shownBy: 'migrate, undone, migrate, provider restored',
    breaks: 'P2',
  },
  '23 what is left is a debt': {
    sentence: 'What could not be erased is a debt on that location.',
    shownBy: 'debt, migrate',
    breaks: 'P3',
  },
  '23 a debt blocks its location': {
    sentence: 'A debt blocks tasks that would use its location.',
    shownBy: 'debt, migrate',
    breaks: 'P3',
  },
  '24 a cleanup is bound to its version': {
    sentence: 'Cleanup is bound to the v its move made.',
    shownBy: 'cleanup of an earlier move',
    breaks: 'P9',
  },
  '24 the fallback is as the move left it': {
    sentence:
      "Cleanup is bound to the source's digests and watermarks at the switch, and refused if messages are pending.",
    shownBy: 'cleanup',
    breaks: 'P2',
  },
  '25 a sweeper finds every open task': {
    sentence: 'A sweeper starts recovery for every open task whose execution does not run.',
    shownBy: 'migrate',
    breaks: 'P5',
  },
  '25 the release is the last write': {
    sentence: "Releasing the company's row is a task's last write.",
    shownBy: 'two migrations planned at once',
    breaks: 'P6',
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof RULES;
export type Rules = Readonly<Record<RuleName, boolean>>;
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

export const ruleOf = (name: RuleName): Rule => RULES[name];

/** Every rule but those. */
export const rulesWithout = (...names: readonly RuleName[]): Rules =>
  Object.fromEntries(RULE_NAMES.map((name) => [name, !names.includes(name)])) as Rules;

/** What the model does not hold of a rule, and why. */
export const NOT_HELD: readonly { readonly number: number; readonly part: string; readonly why: string }[] = [
  {
    number: 1,
    part: 'other gateways and their caches',
    why: 'customers ask the one record; a route that is stale shows as a job that writes past the gateway',
  },
  {
    number: 11,
    part: 'ETags, checksums, multipart uploads',
    why: 'an object is a value with an attempt; what S3 does to bytes is proved by the tests of transfers',
  },
  {
    number: 14,
    part: 'a repeat by the same task returns the first answer',
    why: 'held, but never left out: without it a repeat is refused and recovery goes forward, so that no promise breaks',
  },
  {
    number: 16,
    part: 'hooks with an inverse',
    why: 'there are no hooks: nothing at home changes before the commit point',
  },
  {
    number: 17,
    part: 'the whole rule',
    why: 'how a state machine joins its workers is not in the model; in it no worker is ever stopped',
  },
  {
    number: 18,
    part: 'the whole rule',
    why: 'there is no clock: any call may be late, and any answer that can not come any more may be given up at once',
  },
  {
    number: 21,
    part: 'fence(e) at home, unlock at once, hooks, uploads',
    why: 'there are no hooks and no uploads; how long customers wait is no question of states',
  },
  {
    number: 23,
    part: 'it blocks no other task',
    why: 'that a task is not kept waiting without need breaks none of the promises that are modelled',
  },
];

/** The rules of the protocol are numbered from 1 to this. */
export const LAST_RULE = 25;

export const numberOf = (name: RuleName): number => Number.parseInt(name, 10);
