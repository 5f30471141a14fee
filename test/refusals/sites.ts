import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ERRORS, type ErrorName, isErrorName, MACHINES } from '@tanker/contract/index.ts';
import { allStates, machineText } from '../statemachines/machine.ts';
import { ROOT, sources } from '../support/sources.ts';

/** A place of the source that makes an error. */
export interface FoundSite {
  readonly file: string;
  readonly names: readonly ErrorName[];
  /** The three sentences, as written. */
  readonly text: string;
}

/** What a first argument that is no literal can be. */
const COMPUTED: Readonly<Record<string, readonly ErrorName[]>> = {
  'peer.unreachable': ['ProviderUnreachable', 'GatewayUnreachable'],
  // any name of the contract, said again as the other side said it
  'name as ErrorName': ['RequestInvalid'],
};

const SITE = /new TankerError\(\s*([^{]+?),\s*\{/g;

function namesIn(expression: string): ErrorName[] {
  const literals = [...expression.matchAll(/'(\w+)'/g)].map(([, name = '']) => name).filter(isErrorName);
  const names = literals.length > 0 ? literals : COMPUTED[expression];
  if (names === undefined) throw new Error(`which names may ${expression} have? Say it in COMPUTED.`);
  return [...names];
}

/** From an opening brace to the one that closes it. */
function braced(source: string, from: number): string {
  let depth = 0;
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '{') depth += 1;
    if (source[at] === '}') depth -= 1;
    if (depth === 0) return source.slice(from, at + 1);
  }
  return source.slice(from);
}

const product = () =>
  sources(ROOT)
    .map((path) => ({ file: relative(ROOT, path), source: readFileSync(path, 'utf8') }))
    .filter(({ file }) => !/^(test|bench)\//.test(file));

/** Every `new TankerError(` of the product. */
export const errorSites = (): FoundSite[] =>
  product().flatMap(({ file, source }) =>
    [...source.matchAll(SITE)].map((match) => ({
      file,
      names: namesIn(match[1] ?? ''),
      text: braced(source, match.index + match[0].length - 1),
    })),
  );

/** How many there are, however they are written. */
export const errorCount = (): number =>
  product().reduce((sum, { source }) => sum + source.split('new TankerError(').length - 1, 0);

const SHOWN = /(?:\berror(?::| =)|\.end\(\w+,) '(\w+)'(?: satisfies ErrorName)?,\s*cause\b/g;

/** Every name that the product shows with a cause and never throws. */
export const shownSites = (): Omit<FoundSite, 'text'>[] =>
  product().flatMap(({ file, source }) =>
    [...source.matchAll(SHOWN)].flatMap(([, name = '']) =>
      isErrorName(name) ? [{ file, names: [name] }] : [],
    ),
  );

/** Every Fail state that has a name of its own; the others pass on what failed. */
export const failSites = (): FoundSite[] =>
  MACHINES.flatMap((machine) =>
    [...allStates(JSON.parse(machineText(machine)))].flatMap(([, state]) => {
      const names = Object.keys(ERRORS).filter((name) => String(state['Error']).includes(name));
      if (state['Type'] !== 'Fail' || names.length === 0) return [];
      return [
        { file: `statemachines/${machine}.asl.json`, names: names as ErrorName[], text: state['Cause'] },
      ];
    }),
  );

const MISTAKE = /(?:throw|return) (?:(usageMistake|notConfirmed)\(|new Mistake\('(\w+)')/g;
const NAMED: Readonly<Record<string, string>> = { usageMistake: 'UsageWrong', notConfirmed: 'NotConfirmed' };

/** Every place of the command line that makes a mistake of its own. */
export const mistakeSites = (): { file: string; names: string[] }[] =>
  sources(join(ROOT, 'cli')).flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(MISTAKE)].map(([, helper = '', name]) => ({
      file: relative(ROOT, path),
      names: [name ?? NAMED[helper] ?? ''],
    })),
  );

/** How many sites of each file tell a name: `file name` → count. */
export function countSites(found: readonly { readonly file: string; readonly names: readonly string[] }[]) {
  const counts: Record<string, number> = {};
  for (const { file, names } of found)
    for (const name of names) counts[`${file} ${name}`] = (counts[`${file} ${name}`] ?? 0) + 1;
  return counts;
}
