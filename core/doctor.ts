import {
  type DoctorResult,
  NOBODY,
  TankerError,
  type Topology,
  topologyFingerprint,
} from '@tanker/contract/index.ts';
import type { Authority, Provider } from './ports.ts';

/** Asks once and says how it went. Whatever goes wrong is the finding, not a failure. */
async function examined(
  now: () => Date,
  question: () => Promise<Pick<DoctorResult, 'describe' | 'topology'>>,
): Promise<DoctorResult> {
  const began = now().getTime();
  const answer = await question().then(
    (found) => ({ refusal: null, ...found }),
    (error: unknown) => ({ refusal: findingOf(error) }),
  );
  const ended = now();
  return { ...answer, roundTripMilliseconds: Math.max(0, ended.getTime() - began), now: ended.toISOString() };
}

/** A named error has its sentences; AWS's own refusals say which action and resource. */
function findingOf(error: unknown): { error: string; cause: string } {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { error: name, cause: message };
}

/** Whether the gateway answers and knows the token: only then does it say that nobody is called so. */
export const examineGateway = (authority: Pick<Authority, 'read'>, now: () => Date): Promise<DoctorResult> =>
  examined(now, async () => {
    try {
      await authority.read(NOBODY);
    } catch (error) {
      if (!(error instanceof TankerError && error.errorName === 'CompanyUnknown')) throw error;
    }
    return {};
  });

/** Whether the table can be read. */
export const examineTable = (
  tasks: { get(task: string): Promise<unknown> },
  now: () => Date,
): Promise<DoctorResult> =>
  examined(now, async () => {
    await tasks.get(NOBODY);
    return {};
  });

/** Who answers as the provider; what it should be is the asker's to compare. */
export const examineProvider = (
  provider: Pick<Provider, 'describe'>,
  now: () => Date,
): Promise<DoctorResult> => examined(now, async () => ({ describe: await provider.describe() }));

/** With which topology the function that answers was deployed; whether that is the right one is the asker's to compare. */
export const examineTopology = (topology: Topology, now: () => Date): Promise<DoctorResult> =>
  examined(now, async () => ({ topology: topologyFingerprint(topology) }));
