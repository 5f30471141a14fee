import { datacenterOf } from '../../lambdas/runtime/topology.ts';
import { TARGET, testTopology } from '../control/control-world.ts';
import { again, asks, company, gone, moveHome, planned } from './asking.ts';
import { area } from './refusal.ts';

const to = (datacenter: string, server?: string) => ({
  to: { datacenter, ...(server === undefined ? {} : { server }) },
});

export const PLACES = area({
  CompanyUnknown: [
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'the authority has no record': {
          names: ['nobody'],
          async provoke({ control }) {
            const at = { company: 'nobody', task: 'nobody-1' };
            return planned(await control(), { at });
          },
        },
      },
    },
  ],
  CompanyNotHome: [
    {
      file: 'core/control/placement.ts',
      reasons: {
        'it was removed by a task': {
          names: ['"moved-out"', '"moved-out-1"'],
          async provoke({ control }) {
            const world = await control();
            return planned(world, { at: gone(world, 'moved-out') });
          },
        },
      },
    },
  ],
  CompanyErased: [
    {
      file: 'core/control/placement.ts',
      reasons: {
        'a move is asked for': {
          names: ['"wiped"'],
          async provoke({ control }) {
            const world = await control();
            return planned(world, { at: gone(world, 'wiped', 'erased') });
          },
        },
        'a restore is asked for': {
          names: ['"wiped-too"'],
          async provoke({ control }) {
            const world = await control();
            const at = gone(world, 'wiped-too', 'erased');
            return planned(world, { operation: 'restore', at, input: { backup: 'wiped-too-1' } });
          },
        },
      },
    },
    {
      file: 'examples/gateway/refusals.ts',
      reasons: {
        'a commit comes': {
          names: ['wiped-late'],
          async provoke({ control }) {
            const world = await control();
            const at = gone(world, 'wiped-late', 'erased');
            return moveHome(world, at, { state: 'home', location: TARGET });
          },
        },
      },
    },
  ],
  CompanyAtHome: [
    {
      file: 'core/control/plan-restore.ts',
      reasons: {
        'a restore is asked for': {
          names: ['"at-home"', 'us/db1', '"at-home-1"'],
          async provoke({ control }) {
            const world = await control();
            const at = again(company(world, 'at-home'));
            return planned(world, { operation: 'restore', at, input: { backup: 'at-home-1' } });
          },
        },
      },
    },
  ],
  DatacenterUnknown: [
    {
      file: 'core/control/placement.ts',
      reasons: {
        'a move goes there': {
          names: ['"mars"'],
          provoke: asks('to-mars', { input: to('mars') }),
        },
      },
    },
    {
      file: 'lambdas/runtime/topology.ts',
      reasons: {
        "a function's topology lacks it": {
          names: ['"mars"'],
          provoke: () => datacenterOf(testTopology(), 'mars'),
        },
      },
    },
  ],
  ServerUnknown: [
    {
      file: 'core/control/placement.ts',
      reasons: {
        'the datacenter lacks it': {
          names: ['"eu"', '"db9"'],
          provoke: asks('to-db9', { input: to('eu', 'db9') }),
        },
        'the datacenter has several and none was named': {
          names: ['"sg"'],
          provoke: asks('to-any', { input: to('sg') }),
        },
      },
    },
  ],
  LocationSame: [
    {
      file: 'core/control/placement.ts',
      reasons: {
        'a move goes where the company lives': {
          names: ['"staying"', 'us/db1'],
          provoke: asks('staying', { input: to('us') }),
        },
      },
    },
  ],
  ResidencyForbidden: [
    {
      file: 'core/control/placement.ts',
      reasons: {
        'no rule of the topology allows it': {
          names: ['US', 'SG'],
          provoke: asks('to-sg', { input: to('sg', 'db1') }),
        },
        "the company's record does not allow it": {
          names: ['"bound"', 'US', 'EU'],
          async provoke({ control }) {
            const world = await control();
            return planned(world, { at: company(world, 'bound', ['US']) });
          },
        },
      },
    },
  ],
});
