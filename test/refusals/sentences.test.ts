import { describe, expect, test } from '@jest/globals';
import type { ErrorText } from '@tanker/contract/index.ts';
import { owedBy } from './sentences.ts';

const GOOD: ErrorText = {
  what: 'Company "acme" is held by task "move-1".',
  now: 'Nothing was touched (that task goes on).',
  next: 'Wait until it has ended, then start again.',
};

const owed = (changes: Partial<ErrorText>, names: readonly string[] = ['"acme"']) => {
  const text = { ...GOOD, ...changes };
  return owedBy({ name: 'CompanyBusy', text, message: `${text.what} ${text.now} ${text.next}` }, names);
};

describe('the walk', () => {
  test.each<Partial<ErrorText>>([
    {},
    { next: 'Nothing: that task goes on.' },
    { next: 'Nothing brings it back.' },
    { next: 'If it stays so, look at its log.' },
    { next: 'To go back, give the copy up (`tanker cleanup acme`).' },
    { what: 'Company "acme" has no task of the name "move-1".' },
    { what: 'The holder of "acme" is "x"; the path begins with /{datacenter}/{server}.' },
  ])('lets %j pass', (changes) => expect(owed(changes)).toEqual([]));

  test.each<[string, Partial<ErrorText>]>([
    ['what is no whole sentence', { what: 'body: no JSON of "acme"' }],
    ['now is no whole sentence', { now: '' }],
    ['next is no whole sentence', { next: 'Look at it' }],
    ['what holds what only a program can mean', { what: 'Company "acme" has undefined rows.' }],
    ['what holds what only a program can mean', { what: 'Company "acme" answered {"rows":3}.' }],
    ['now holds what only a program can mean', { now: 'It is [object Object].' }],
    ['now holds what only a program can mean', { now: 'It took NaN s.' }],
    ['next holds what only a program can mean', { next: `Look at \${task}.` }],
    ['next holds what only a program can mean', { next: 'Look at its log..' }],
    ['what does not name "acme"', { what: 'A company is held.' }],
    ['next says no act', { next: 'The sweeper tries again.' }],
    ['next says no act', { next: 'If it stays so, the sweeper tries again.' }],
    ['it tells a secret or a row', { now: 'The token a-token-for-tests-only was refused.' }],
    ['what is cut off where causes are', { what: `Company "acme" ${'and so on '.repeat(40)}.` }],
    ['it is longer than a cause may be', { now: `${'so on '.repeat(6000)}.` }],
  ])('hears that %s', (fault, changes) => expect(owed(changes)).toContain(fault));
});
