import { DispatchEvent } from '@tanker/contract/index.ts';
import { type Executions, startTask } from '@tanker/sdk/start-task.ts';
import { readTaskView } from '@tanker/sdk/task-records.ts';
import type { Context } from 'aws-lambda';
import { exportCompany } from '../../core/agent/export.ts';
import { importCompany } from '../../core/agent/import.ts';
import { seal } from '../../core/agent/seal.ts';
import { commitBackup } from '../../core/control/commit-backup.ts';
import { agentHandler } from '../../lambdas/runtime/agent-handler.ts';
import { discardDueHandler } from '../../lambdas/runtime/discard-handler.ts';
import { parseEvent } from '../../lambdas/runtime/parse-event.ts';
import { agentWorld, eventOf, THERE } from '../agent/agent-world.ts';
import { ledger } from '../cli/records.ts';
import { verifiedSlice } from '../control/finished-task.ts';
import { inputOf, plannedTask } from '../control/planned-task.ts';
import { asks, backedUp, checked, commanded, company, gone, opening, planned } from './asking.ts';
import { area } from './refusal.ts';
import type { Worlds } from './worlds.ts';

export const CONTEXT = {
  functionName: 'test',
  getRemainingTimeInMillis: () => 900_000,
} as unknown as Context;

/** Executions of which one ran under the task id with another input. */
const TAKEN: Executions<'backup'> = {
  operation: 'backup',
  start: async () => 'exists',
  inputOf: async () => '{}',
};

/** An import that was handed the manifest of another task's export. */
async function wrongManifest(): Promise<unknown> {
  const world = agentWorld([Buffer.from('canary row')]);
  const { result } = await world.run(exportCompany, eventOf('export', { task: 'other-1' }));
  return world.run(importCompany, eventOf('import', { location: THERE, manifest: result.manifest }));
}

const due = { due: 'discard-exports', at: '2026-03-01T10:00:00.000Z', task: 't-1', company: 'acme' };

async function doctor(worlds: Worlds): Promise<unknown> {
  await worlds.functions();
  const { handler } = await import('../../lambdas/agent/doctor.lambda.ts');
  return handler({ ask: 'provider', provider: 'contacts', location: THERE }, CONTEXT);
}

export const INPUT = area({
  InputInvalid: [
    {
      file: 'core/control/open-task.ts',
      reasons: {
        'the input lacks a field': {
          names: ['to: is missing'],
          async provoke({ control }) {
            const input = inputOf('migrate', { company: 'acme', task: 'fieldless-1' }, { to: undefined });
            return opening(await control(), 'migrate', { executionName: 'fieldless-1' }, input);
          },
        },
      },
    },
    {
      file: 'core/control/open-task.ts',
      reasons: {
        "the task id is not the execution's name": {
          names: ['"named-1"'],
          async provoke({ control }) {
            const input = inputOf('migrate', { company: 'acme', task: 'named-1' });
            return opening(await control(), 'migrate', { executionName: 'named-2' }, input);
          },
        },
      },
    },
    {
      file: 'core/control/open-task.ts',
      reasons: {
        "the execution's name is no task id": {
          names: ['"No_Task"'],
          async provoke({ control }) {
            const input = inputOf('migrate', { company: 'acme', task: 'No_Task' });
            return opening(await control(), 'migrate', { executionName: 'No_Task' }, input);
          },
        },
      },
    },
    {
      file: 'core/control/plan-home.ts',
      reasons: {
        'a backup is to be kept for longer than the topology allows': {
          names: ['keepDays', '300'],
          provoke: asks('long-kept', { operation: 'backup', input: { keepDays: 300 } }),
        },
      },
    },
    {
      file: 'core/control/plan-remove.ts',
      reasons: {
        'a final removal is to keep a backup': {
          names: ['keepDays', 'final'],
          provoke: asks('final-kept', { operation: 'remove', input: { keepDays: 3, final: true } }),
        },
        'so is the final removal of a company that is gone': {
          names: ['keepDays', 'final'],
          async provoke({ control }) {
            const world = await control();
            const input = { keepDays: 3, final: true };
            return planned(world, { operation: 'remove', at: gone(world, 'gone-kept'), input });
          },
        },
      },
    },
    {
      file: 'core/agent/import.ts',
      reasons: {
        'the manifest is of another task': {
          names: ['contacts', 'other-1'],
          provoke: wrongManifest,
        },
      },
    },
    {
      file: 'lambdas/runtime/parse-event.ts',
      reasons: {
        'an event lacks a field and has one too many': {
          names: ['epoch: is missing', 'the event'],
          provoke: () => parseEvent(DispatchEvent, { ...eventOf('seal', { epoch: undefined }), canary: 1 }),
        },
      },
    },
    {
      file: 'lambdas/runtime/discard-handler.ts',
      reasons: {
        'the due date is of another datacenter': {
          names: ['us', 'eu'],
          async provoke({ functions }) {
            await functions();
            return discardDueHandler({ ...due, datacenter: 'eu' }, CONTEXT);
          },
        },
      },
    },
    {
      file: 'lambdas/runtime/agent-handler.ts',
      reasons: {
        'the event is for the agent of another datacenter': {
          names: ['seal', 'us', 'eu/db1'],
          async provoke({ functions }) {
            await functions();
            return agentHandler('seal', seal)(eventOf('seal', { location: THERE }), CONTEXT);
          },
        },
      },
    },
    {
      file: 'lambdas/agent/doctor.lambda.ts',
      reasons: {
        'the doctor of one datacenter is asked about another': { names: ['us', 'eu'], provoke: doctor },
      },
    },
    {
      file: 'sdk/start-task.ts',
      reasons: {
        'the input lacks a field before it is started': {
          names: ['backup', 'reason: is missing'],
          provoke: () =>
            startTask(TAKEN, { task: 't-1', company: 'acme', requestedBy: 'me' } as Parameters<
              typeof startTask<'backup'>
            >[1]),
        },
      },
    },
  ],
  TaskIdTaken: [
    {
      file: 'core/control/open-task.ts',
      reasons: {
        'an execution of another machine has the id': {
          names: ['"taken-1"'],
          async provoke({ control }) {
            const world = await control();
            const { task } = await plannedTask(world, { at: company(world, 'taken') });
            const execution = { executionName: task, executionArn: 'arn:another' };
            return opening(world, 'backup', execution, inputOf('backup', { company: 'taken', task }));
          },
        },
      },
    },
    {
      file: 'core/control/records.ts',
      reasons: {
        'a backup of that id is on record, though its task is forgotten': {
          names: ['"kept-1"', '"kept"'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'kept');
            await backedUp(world, at);
            return checked(world, { operation: 'backup', at });
          },
        },
        'a removal of that id is on record': {
          names: ['"noted-1"', '"noted"'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'noted');
            await world.ledger.write(ledger(at.task, { company: at.company }));
            return planned(world, { operation: 'remove', at });
          },
        },
        'an earlier task of that id has left a backup when this one commits': {
          names: ['"reused-1"', '"reused"'],
          async provoke({ control }) {
            const world = await control();
            const at = company(world, 'reused');
            const actor = await plannedTask(world, { operation: 'backup', at });
            await backedUp(world, at, { epoch: 7 });
            const grant = await verifiedSlice(world, actor, 'open');
            return commitBackup(world, actor, grant);
          },
        },
      },
    },
    {
      file: 'sdk/start-task.ts',
      reasons: {
        'the id ran with another input': {
          names: ['"t-1"'],
          provoke: () => startTask(TAKEN, { task: 't-1', company: 'acme', requestedBy: 'me', reason: 'law' }),
        },
      },
    },
  ],
  TaskUnknown: [
    {
      file: 'sdk/task-records.ts',
      reasons: {
        'no record has the id': {
          names: ['"lost-1"'],
          provoke: () => readTaskView({ get: async () => undefined, query: async () => [] }, 'lost-1'),
        },
        'a command line names it': {
          names: ['"lost-1"'],
          provoke: async ({ cli }) => commanded(await cli(), 'show', 'lost-1'),
        },
      },
    },
  ],
});
