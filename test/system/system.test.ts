import { afterAll, jest } from '@jest/globals';
import { stopStage } from './stage.ts';

// Tests beside each other wait for each other's processes: the world has two cores.
jest.setTimeout(300_000);

afterAll(stopStage);

// One file, since a world is shared inside one: what runs longest begins first, what looks back comes last.
await import('./traffic.ts');
await import('./failures.ts');
await import('./doubles.ts');
await import('./refusals.ts');
// What takes long and proves no other promise runs on demand: npm run test:long
if (process.env['TANKER_LONG_TESTS']) {
  await import('./throttled.ts');
  await import('./outside.ts');
  await import('./aborts.ts');
}
await import('./events.ts');
await import('./evidence.ts');
// And then time goes by.
if (process.env['TANKER_LONG_TESTS']) await import('./days.ts');
