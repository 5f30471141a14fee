import { afterAll, describe, expect, test } from '@jest/globals';
import { ERRORS } from '@tanker/contract/index.ts';
import { DETAILS } from '../../examples/gateway/answers.ts';
import { writtenLines } from '../runtime/written-lines.ts';
import { MISTAKES } from './cli-mistakes.ts';
import { CUSTOMERS } from './customers.ts';
import { owedBy } from './sentences.ts';
import { countSites, errorCount, errorSites, failSites, mistakeSites, shownSites } from './sites.ts';
import { ENTRIES, type Entry, REFUSALS, sitesOf, UNPROVOKED } from './table.ts';
import { type Told, toldBy } from './told.ts';
import { openWorlds } from './worlds.ts';

const worlds = openWorlds();
afterAll(() => worlds.close());
writtenLines();

/** What the walk has heard, by entry. */
const heard = new Map<Entry, Told>();

describe('a refusal says what was wrong, what is true now and what to do next', () => {
  test.each(ENTRIES.map((entry) => [`${entry.name}: ${entry.title}`, entry] as const))(
    '%s',
    async (_, entry) => {
      const told = await toldBy(() => entry.provoke(worlds));
      heard.set(entry, told);
      const owed = owedBy(told, entry.names);
      expect({ name: told.name, owed, told }).toEqual({ name: entry.name, owed: [], told });
    },
  );
});

describe('the list of refusals', () => {
  test('has every name of the contract, and each has a reason', () => {
    expect(Object.keys(REFUSALS).sort()).toEqual(Object.keys(ERRORS).sort());
    for (const sites of Object.values(REFUSALS)) {
      expect(sites.length).toBeGreaterThan(0);
      for (const { reasons } of sites) expect(Object.keys(reasons)).not.toEqual([]);
    }
  });

  test('has every place of the source that makes an error, or says why not', () => {
    const found = [...errorSites(), ...shownSites(), ...failSites()];
    expect(countSites([...sitesOf(REFUSALS), ...UNPROVOKED])).toEqual(countSites(found));
  });

  test('has every mistake of the command line', () => {
    expect(countSites(sitesOf(MISTAKES))).toEqual(countSites(mistakeSites()));
  });

  test('has every answer that the example gateway gives to customers', () => {
    expect(Object.keys(CUSTOMERS).sort()).toEqual(Object.keys(DETAILS).sort());
  });

  test('tells each error from the place that it names, and no two sites from one place', () => {
    const places = new Map<string, Entry['site']>();
    for (const [{ name, title, site }, { madeAt }] of heard) {
      if (madeAt === undefined || name in MISTAKES) continue;
      const [file] = madeAt.split(':');
      expect({ name, title, file }).toEqual({ name, title, file: site.file });
      expect({ name, title, site: places.get(`${name} ${madeAt}`) ?? site }).toEqual({ name, title, site });
      places.set(`${name} ${madeAt}`, site);
    }
  });
});

describe('the source', () => {
  test('writes all three sentences wherever it makes an error', () => {
    const sites = errorSites();
    expect(sites).toHaveLength(errorCount());
    for (const { file, names, text } of sites) {
      const missing = ['what', 'now', 'next'].filter(
        (part) => !new RegExp(`\\b${part}\\b\\s*[:,]`).test(text),
      );
      expect({ file, names, missing }).toEqual({ file, names, missing: [] });
    }
  });
});
