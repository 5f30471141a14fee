import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { expect, test } from '@jest/globals';
import { readHistory } from '@tanker/cli/aws/executions.ts';
import { MACHINES, machineArn } from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import { changedNeighbours } from '../../demo/world/checks.ts';
import { readDocuments } from '../../demo/world/document-checks.ts';
import { LOCATIONS } from '../../demo/world/topology.ts';
import { idleLines, rightsOf } from '../rights/rights.ts';
import { onCopy, readNeighbours, type SystemStage, theStage } from './stage.ts';

const SAMPLE = 40;

/** Texts of the customers' own and paths of their documents, of companies that have moved or tried to. */
async function customerTexts(stage: Stage): Promise<string[]> {
  const found: string[] = [];
  for (const location of LOCATIONS) {
    await onCopy(stage, location, async ({ client, files }) => {
      const { rows } = await client.query<{ text: string }>(
        `(SELECT email AS text FROM contacts.persons WHERE email IS NOT NULL ORDER BY md5(email) LIMIT ${SAMPLE})
         UNION ALL (SELECT title FROM deals.deals ORDER BY md5(title) LIMIT ${SAMPLE})
         UNION ALL (SELECT body FROM notes.notes ORDER BY md5(body) LIMIT ${SAMPLE})
         UNION ALL (SELECT subject FROM mail.messages ORDER BY md5(subject) LIMIT ${SAMPLE})`,
      );
      found.push(...rows.map(({ text }) => text));
      for (const company of ['busy', 'settled']) found.push(...readDocuments(files, company).keys());
    });
  }
  return found.filter((text) => text.length > 8);
}

async function histories(stage: Stage): Promise<string[]> {
  const texts: string[] = [];
  for (const machine of MACHINES) {
    const stateMachineArn = machineArn(stage.topology, machine);
    const { executions = [] } = await stage.states.send(
      new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }),
    );
    for (const { executionArn = '' } of executions) {
      texts.push((await readHistory(stage.states, executionArn)).text);
    }
  }
  return texts;
}

const logsBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((path) => path.endsWith('.log') && statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'));

/** Everything that was written about all tasks: the table, the events, the histories, the logs of functions, gateway, providers. */
async function everythingWritten(stage: SystemStage): Promise<string> {
  const { controlRegion: region, installation: name } = stage.topology;
  const rows = await stage.cloud.dynamo.scanTable({ region, name });
  return [
    JSON.stringify([rows, stage.heard]),
    ...(await histories(stage)),
    ...logsBelow(stage.directory),
  ].join('\n');
}

// Not concurrent, and therefore after all tests above.
test('no text of a customer and no bearer token stands in any record, event, history or log', async () => {
  const stage = await theStage();
  const written = await everythingWritten(stage);
  const texts = await customerTexts(stage);
  expect(written.length).toBeGreaterThan(10_000);
  expect(texts.length).toBeGreaterThan(SAMPLE);
  expect(texts.filter((text) => written.includes(text))).toEqual([]);
  const tokens = Object.entries(stage.world.secrets);
  expect(tokens.filter(([, token]) => written.includes(token)).map(([name]) => name)).toEqual([]);
});

test('neighbours are what they were before anybody moved', async () => {
  const stage = await theStage();
  expect(changedNeighbours(stage.neighbours, await readNeighbours(stage))).toEqual([]);
});

// That each story uses its rights, and goes wrong without them: rights.long-test.ts and npm run iam-mutations.
test('every right of every role is on the table that names the story which needs it', async () => {
  const stage = await theStage();
  const rights = await rightsOf(stage);
  expect(rights.length).toBeGreaterThan(200);
  const withoutStory = rights.filter(({ story }) => story === undefined);
  expect(withoutStory.map(({ name, action }) => `${name} ${action}`)).toEqual([]);
  expect(await idleLines(stage)).toEqual([]);
});

test('nothing is left under way: no unfinished upload, no queued message, no running execution', async () => {
  const { cloud } = await theStage();
  const uploads = cloud.s3.buckets().flatMap(({ name }) => cloud.s3.uploads(name));
  expect(uploads).toEqual([]);
  expect(cloud.queues.list().flatMap((queue) => cloud.queues.messages(queue))).toEqual([]);
  expect(cloud.states.runningCount()).toBe(0);
});
