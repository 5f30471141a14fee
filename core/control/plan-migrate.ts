import type { PlannedProvider, Topology } from '@tanker/contract/index.ts';
import { checkFields } from './check-fields.ts';
import {
  bytesOf,
  checkClaimed,
  checkDebts,
  checkEmpty,
  checkIdentity,
  checkReadable,
  estimateWindow,
  planWaves,
  rowsOf,
  writerOf,
} from './checks.ts';
import { chooseTransfer } from './choose-transfer.ts';
import { checkMove, homeOf, resolvePlace } from './placement.ts';
import { type Answer, everyProvider, type Planner } from './prospect.ts';

/** Every provider is asked at home and at the target, which must hold nothing of the company. */
export const planMigrate: Planner<'migrate'> = async (ports, input, authority) => {
  const { topology } = ports;
  const { company } = input;
  const from = homeOf(authority);
  const to = resolvePlace(topology, input.to);
  checkMove(topology, authority, from, to);
  await checkDebts(ports, company, to);
  const fallback = await ports.fallbacks.get(company, to);
  const sources = everyProvider(topology, from);
  return {
    checks: [...sources, ...everyProvider(topology, to)],
    examine(answers) {
      const source = answers.slice(0, sources.length);
      const target = answers.slice(sources.length);
      const providers = source.map((answer, index) => {
        const there = target[index] as Answer;
        checkIdentity(answer);
        checkClaimed(answer);
        checkIdentity(there);
        checkReadable(answer.describe.writes, writerOf(answer), there);
        checkFields(answer, there);
        checkEmpty(there, company, fallback);
        return planned(topology, answer, there);
      });
      const waves = planWaves(topology, source);
      const bytes = new Map(providers.map((provider) => [provider.name, provider.bytes]));
      const estimate = estimateWindow(topology, 'migrate', { bytes, exports: true, waves });
      return { from, to, erases: [], version: authority.version, providers, waves, estimate };
    },
  };
};

function planned(topology: Topology, source: Answer, target: Answer): PlannedProvider {
  const bytes = bytesOf(source.summary);
  return {
    name: source.provider,
    sourceIncarnation: source.describe.incarnation,
    targetIncarnation: target.describe.incarnation,
    format: source.describe.writes,
    rows: rowsOf(source.summary),
    bytes,
    transfer: chooseTransfer(topology, source.provider, bytes),
    sourceHooks: source.describe.hooks,
    targetHooks: target.describe.hooks,
  };
}
