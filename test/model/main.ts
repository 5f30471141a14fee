import { parseArgs } from 'node:util';
import { hasItsCounterexample, type Size, searchScenario, searchWithout } from './check.ts';
import { RULE_NAMES, type RuleName, ruleOf } from './rules.ts';
import { SCENARIO_NAMES, scenarioOf } from './scenarios.ts';
import type { Counterexample } from './search.ts';

const HELP = `Searches every world that the model of the protocol can reach, within the bounds of its scenarios.

npm run model [-- OPTIONS]

  (no option)        every scenario in its large bounds, then every rule left out: some minutes
  --small            the scenarios in the bounds of npm test: some seconds
  --scenario TEXT    only scenarios whose name holds the text, and no rules
  --without TEXT     only rules whose name begins with the text, each left out, with every step of its counterexample
  --help

Exit status: 0 if every scenario holds and every rule has its counterexample, 1 if not, 2 for a wrong option.
docs/model.md tells what is modelled and how to read a counterexample.
`;

/** How often a line tells of the progress where no terminal shows it in place. */
const LINE_EVERY_MS = 10_000;

const count = (number: number): string => number.toLocaleString('en-US');
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

function showProgress(name: string): (states: number) => void {
  let shown = performance.now();
  return (states) => {
    const line = `${name}: ${count(states)} states …`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (performance.now() - shown > LINE_EVERY_MS) {
      shown = performance.now();
      console.error(line);
    }
  };
}

const clearProgress = (): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
};

function tell({ promise, how, steps }: Counterexample): void {
  for (const [index, step] of steps.entries()) console.log(`      ${String(index + 1).padStart(2)}. ${step}`);
  console.log(`      ${promise} is broken: ${how}.`);
}

/** How many of them hold. */
function checkScenarios(names: readonly (typeof SCENARIO_NAMES)[number][], size: Size): number {
  let holding = 0;
  for (const name of names) {
    const began = performance.now();
    const { states, counterexample } = searchScenario(name, size, [], showProgress(name));
    clearProgress();
    const result = counterexample ? `BREAKS ${counterexample.promise}` : 'holds';
    console.log(
      `${result.padEnd(10)} ${name.padEnd(46)} ${count(states).padStart(9)} states ${seconds(began).padStart(8)}`,
    );
    if (counterexample) tell(counterexample);
    else holding += 1;
  }
  return holding;
}

/** How many of them have their counterexample. */
function checkRules(names: readonly RuleName[], withSteps: boolean): number {
  let shown = 0;
  for (const name of names) {
    const { breaks, shownBy, behind } = ruleOf(name);
    const without = searchWithout(name);
    const { counterexample, neededAlone } = without;
    const right = hasItsCounterexample(name, without);
    const length = counterexample
      ? `${counterexample.steps.length} steps to ${counterexample.promise}`
      : 'NO COUNTEREXAMPLE';
    const net = behind === undefined ? '' : `, without "${behind}" too`;
    console.log(`${name.padEnd(46)} ${length.padEnd(18)} ${shownBy}${net}`);
    if (counterexample && !right) {
      const alone = neededAlone.map((one) => `, and without "${one}" alone nothing may break`).join('');
      console.log(`      The table of the rules says ${breaks}${alone}.`);
    }
    if (counterexample && (withSteps || !right)) tell(counterexample);
    if (right) shown += 1;
  }
  return shown;
}

function parsed() {
  try {
    const { values } = parseArgs({
      options: {
        small: { type: 'boolean', default: false },
        scenario: { type: 'string' },
        without: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

const options = parsed();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const size: Size = options.small ? 'small' : 'large';
const { scenario, without } = options;
const scenarios = SCENARIO_NAMES.filter((name) =>
  scenario === undefined ? without === undefined : name.includes(scenario),
);
const rules = RULE_NAMES.filter((name) =>
  without === undefined ? scenario === undefined : name.startsWith(without),
);
if (scenarios.length + rules.length === 0) {
  const known = SCENARIO_NAMES.map((name) => `  ${name}: ${scenarioOf(name).about}`);
  console.error(['Nothing has that name. Scenarios:', ...known, 'Rules:', ...RULE_NAMES].join('\n'));
  process.exit(2);
}

const began = performance.now();
if (scenarios.length > 0) console.log(`Every rule kept, in ${size} bounds:`);
const holding = checkScenarios(scenarios, size);
if (rules.length > 0) console.log('\nEach rule left out, in small bounds:');
const shown = checkRules(rules, without !== undefined);
const nets = rules.filter((name) => ruleOf(name).behind !== undefined).length;
console.log(
  `\n${holding} of ${scenarios.length} scenarios hold, ${shown} of ${rules.length} rules have their counterexample, ` +
    `${nets} of them as second nets (${seconds(began)}).`,
);
process.exitCode = holding === scenarios.length && shown === rules.length ? 0 : 1;
