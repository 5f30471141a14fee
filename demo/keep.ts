import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptDemo } from '@tanker/cli/kept-demo.ts';
import { executionArn, exportsBucketName, machineArn, tableName } from '@tanker/contract/index.ts';
import type { Stage } from './stage.ts';

/** What the demo leaves for the CLI, and the commands to look around with. */
export interface KeptWorld {
  readonly file: string;
  readonly text: string;
  /** Takes the file away: without the world it would mislead. */
  forget(): Promise<void>;
}

/** Tells how the world that runs can be reached: a file for the CLI, a text to paste from for people. */
export async function keepWorld(
  stage: Stage,
  shown: { task: string; datacenter: string },
): Promise<KeptWorld> {
  const { cloud, topology, directory } = stage;
  const file = join(directory, 'kept.json');
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.credentials;
  const kept: KeptDemo = {
    endpoint: cloud.endpoint,
    account: cloud.account,
    region: topology.controlRegion,
    topology: join(directory, 'topology.json'),
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  };
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`);
  return { file, text: keptText(stage, file, shown), forget: () => rm(file, { force: true }) };
}

/** The environment that the printed commands need. */
export const shellEnvironment = (stage: Stage, file: string): readonly string[] => {
  const { accessKeyId, secretAccessKey, sessionToken } = stage.cloud.credentials;
  return [
    `export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_SESSION_TOKEN=${sessionToken}`,
    'export AWS_PAGER=',
    `export TANKER_DEMO=${file}`,
  ];
};

/** Commands of the AWS CLI that show the task from outside. */
export function awsCommands(
  { cloud, topology }: Pick<Stage, 'cloud' | 'topology'>,
  { task, datacenter }: { task: string; datacenter: string },
): readonly string[] {
  const aws = (region: string, rest: string) =>
    `aws --endpoint-url ${cloud.endpoint} --region ${region} ${rest}`;
  const control = (rest: string) => aws(topology.controlRegion, rest);
  const arn = executionArn(topology, 'migrate', task);
  const bucket = exportsBucketName(topology, datacenter);
  const region = topology.datacenters.find(({ name }) => name === datacenter)?.region ?? '';
  return [
    control(`stepfunctions list-executions --state-machine-arn ${machineArn(topology, 'migrate')}`),
    control(`stepfunctions describe-execution --execution-arn ${arn}`),
    control(
      `stepfunctions get-execution-history --execution-arn ${arn} --query 'events[].stateEnteredEventDetails.name'`,
    ),
    aws(region, `s3 ls --recursive s3://${bucket}/`),
    aws(region, `s3api list-objects-v2 --bucket ${bucket} --max-items 5`),
    control(`dynamodb scan --table-name ${tableName(topology)} --max-items 5`),
  ];
}

/** Commands of Tanker's own CLI; globex and initech live in the US, and nothing of them in the EU yet. */
export const tankerCommands = (task: string): readonly string[] => [
  'npm run -s tanker -- doctor',
  'npm run -s tanker -- tasks',
  `npm run -s tanker -- show ${task}`,
  'npm run -s tanker -- migrate globex --to eu --dry-run',
  'npm run -s tanker -- migrate globex --to eu --watch',
  'npm run -s tanker -- backup initech --watch',
  'npm run -s tanker -- remove initech --yes initech --watch',
  'npm run -s tanker -- restore initech --backup latest --to eu --watch',
  'npm run -s tanker -- backups initech',
];

/** Lets a day pass for the cloud and the world; refused while anything is under way. */
export const dayCommand = ({ endpoint }: Stage['cloud']): string =>
  `curl -sX POST ${endpoint}/_local/clock -d '{"jumpMilliseconds":86400000}'`;

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n');

function keptText(stage: Stage, file: string, shown: { task: string; datacenter: string }): string {
  return [
    'The world stays up. In another terminal, in this repository:',
    indented(shellEnvironment(stage, file)),
    '\nLook from outside, as on AWS:',
    indented(awsCommands(stage, shown)),
    '\nStart tasks of your own:',
    indented(tankerCommands(shown.task)),
    '\nLet a day pass:',
    indented([dayCommand(stage.cloud)]),
    '\nCtrl-C stops everything.',
  ].join('\n');
}
