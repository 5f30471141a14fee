import { expect, test } from '@jest/globals';
import { gatewayApi } from '../../examples/gateway/api.ts';
import { AuthorityStore } from '../../examples/gateway/authority-store.ts';
import { Traffic } from '../../examples/gateway/traffic.ts';
import { claimant, OPERATOR, READER, US } from './gateway-process.ts';

test('is quiet when the last request of the company has left, whatever others do', async () => {
  const traffic = new Traffic();
  traffic.enter('neighbour');
  const [first, second] = [traffic.enter('acme'), traffic.enter('acme')];
  let quiet = false;
  const waiting = traffic.quiet('acme', 60).then((answer) => {
    quiet = answer;
  });
  first();
  first();
  await Promise.resolve();
  expect([quiet, traffic.count('acme')]).toEqual([false, 1]);
  second();
  await waiting;
  expect([quiet, traffic.count('acme')]).toEqual([true, 0]);
});

test('gives up waiting after its time', async () => {
  const traffic = new Traffic();
  traffic.enter('acme');
  expect(await traffic.quiet('acme', 0.01)).toBe(false);
  expect(traffic.count('acme')).toBe(1);
});

test('a lock over traffic that does not end is TrafficNotQuiet, stays locked, and a repeat goes on waiting', async () => {
  const store = new AuthorityStore(':memory:');
  class Impatient extends Traffic {
    override quiet(company: string): Promise<boolean> {
      return super.quiet(company, 0.01);
    }
  }
  const traffic = new Impatient();
  const api = gatewayApi({
    store,
    traffic,
    config: {
      port: 0,
      database: '',
      operatorToken: OPERATOR,
      readerToken: READER,
      routes: { 'us/db1': 'http://127.0.0.1:1' },
    },
    onDefect: (error) => {
      throw error;
    },
  });
  store.signUp('acme', US);
  store.claim('acme', claimant(1));
  const leave = traffic.enter('acme');
  const lock = () =>
    api.request('/tanker/v1/companies/acme/lock', {
      method: 'POST',
      headers: { authorization: `Bearer ${OPERATOR}` },
      body: JSON.stringify({ ...claimant(1), leaseSeconds: 60 }),
    });
  const refused = await lock();
  expect([refused.status, await refused.json()]).toMatchObject([409, { type: 'urn:tanker:TrafficNotQuiet' }]);
  expect(store.read('acme').lock?.state).toBe('held');
  leave();
  expect(await (await lock()).json()).toMatchObject({ grant: { grant: 1, state: 'held' } });
  store.close();
});
