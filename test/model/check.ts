import { type RuleName, ruleOf, rulesWithout } from './rules.ts';
import type { Bounds } from './scenario.ts';
import { type ScenarioName, scenarioOf } from './scenarios.ts';
import { type Counterexample, type Found, search } from './search.ts';
import { playOf } from './steps.ts';

export type Size = 'small' | 'large';

function boundsOf(name: ScenarioName, size: Size): Bounds {
  return scenarioOf(name)[size];
}

/** Every world of a scenario, with every rule but those. */
export function searchScenario(
  name: ScenarioName,
  size: Size,
  without: readonly RuleName[] = [],
  onProgress?: (states: number) => void,
): Found {
  return search(playOf(scenarioOf(name), boundsOf(name, size), rulesWithout(...without)), onProgress);
}

/** What a rule left out leads to, in its scenario's small bounds. */
export interface Without {
  readonly counterexample?: Counterexample;
  readonly states: number;
  /** Of a second net: each of the two conditions that breaks something though the other one stands; none may. */
  readonly neededAlone: readonly RuleName[];
}

export function searchWithout(name: RuleName): Without {
  const { shownBy, behind } = ruleOf(name);
  if (behind === undefined) return { ...searchScenario(shownBy, 'small', [name]), neededAlone: [] };
  const both = [name, behind as RuleName];
  const neededAlone = both.filter((one) => searchScenario(shownBy, 'small', [one]).counterexample);
  return { ...searchScenario(shownBy, 'small', both), neededAlone };
}

/** Whether leaving the rule out breaks the promise that the table of the rules says. */
export const hasItsCounterexample = (name: RuleName, { counterexample, neededAlone }: Without): boolean =>
  counterexample?.promise === ruleOf(name).breaks && neededAlone.length === 0;
