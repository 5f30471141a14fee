import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  claimant,
  EU,
  GatewayProcess,
  home,
  problemName,
  type Service,
  startService,
  US,
} from './gateway-process.ts';

let service: Service;
let gateway: GatewayProcess;

beforeAll(async () => {
  service = await startService();
  const url = `http://127.0.0.1:${service.port}`;
  gateway = await new GatewayProcess({ 'us/db1': url, 'eu/db1': url }).start();
});
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

async function untilExpired(company: string): Promise<void> {
  const { body } = await gateway.read(company);
  if (body.lock.state === 'held') return untilExpired(company);
  expect(body.lock.state).toBe('expired');
}

test('a lease ends by a write: commit and a second lock of the epoch are refused, customers are served', async () => {
  await gateway.signUp('acme');
  await gateway.call('claim', 'acme', claimant(1));
  const lock = { ...claimant(1), leaseSeconds: 1 };
  expect((await gateway.call('lock', 'acme', lock)).status).toBe(200);
  expect((await gateway.request('/c/acme/deals')).status).toBe(423);
  await untilExpired('acme');
  expect((await gateway.request('/c/acme/deals')).status).toBe(200);
  const commit = { ...claimant(1), grant: 1, from: home(US), to: home(EU), version: 0 };
  expect(problemName(await gateway.call('commit', 'acme', commit))).toBe('GrantBroken');
  expect(problemName(await gateway.call('lock', 'acme', lock))).toBe('LockRefused');
  const unlocked = await gateway.call('unlock', 'acme', claimant(1));
  expect(unlocked.body).toMatchObject({ unbroken: false, grant: { state: 'expired' } });
});

test('a killed gateway starts again with the same record, the same first answers and the same lock', async () => {
  await gateway.signUp('globex');
  await gateway.signUp('initech');
  await gateway.call('claim', 'globex', claimant(1));
  const claimed = (await gateway.call('claim', 'globex', claimant(2))).body;
  const lock = { ...claimant(2), leaseSeconds: 600 };
  const locked = (await gateway.call('lock', 'globex', lock)).body;
  await gateway.crash();
  await gateway.start();
  expect((await gateway.request('/c/globex/deals')).status).toBe(423);
  expect((await gateway.request('/c/initech/deals')).status).toBe(200);
  expect((await gateway.call('lock', 'globex', lock)).body).toEqual(locked);
  expect((await gateway.call('claim', 'globex', claimant(2))).body.before).toEqual(claimed.before);
  const commit = { ...claimant(2), grant: 1, from: home(US), to: home(EU), version: 0 };
  const committed = (await gateway.call('commit', 'globex', commit)).body;
  const unlocked = (await gateway.call('unlock', 'globex', claimant(2))).body;
  await gateway.crash();
  await gateway.start();
  expect((await gateway.call('commit', 'globex', commit)).body).toEqual(committed);
  expect((await gateway.call('unlock', 'globex', claimant(2))).body).toEqual(unlocked);
  expect((await gateway.read('globex')).body).toMatchObject({ version: 1, epoch: 2, home: home(EU) });
});
