import type { StoryName } from './stories/index.ts';

/**
 * What each right is there for: the shortest story that goes wrong without it. A right without a line is one that
 * nobody has seen in use; a test holds the stacks to this table.
 */
export type Uses = Readonly<Record<string, StoryName>>;

const rights = (service: string, story: StoryName, ...actions: string[]): Uses =>
  Object.fromEntries(actions.map((action) => [`${service}:${action}`, story]));

const table = (story: StoryName, ...actions: string[]): Uses => rights('dynamodb', story, ...actions);

const secret = (story: StoryName): Uses => rights('secretsmanager', story, 'GetSecretValue');

/** Reads its task, changes it, writes the log. */
const changes = (story: StoryName): Uses => table(story, 'GetItem', 'UpdateItem', 'PutItem');

/** Rights of which a running world can't show the use, as `<caller> <action>`, and who shows it. */
export const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  'publish-events sqs:SendMessage':
    'given-up batches: Lambda tries for 23 hours; test/local/stream-deploy.test.ts moves the clock',
};

export const CONTROL_USES: Readonly<Record<string, Uses>> = {
  'open-task': {
    ...table('a dry run', 'GetItem', 'PutItem'),
    ...table('a refused task', 'UpdateItem'),
    ...table('a cleanup', 'Query'),
    ...secret('a dry run'),
  },
  'plan-task': {
    ...changes('a dry run'),
    ...table('a dry run', 'Query'),
    ...secret('a dry run'),
  },
  'prepare-workers': {
    ...table('a migration', 'GetItem', 'PutItem'),
    ...table('a migration by Fargate', 'Query'),
    ...rights('lambda', 'a migration', 'InvokeFunction'),
  },
  'lock-traffic': { ...changes('a migration'), ...secret('a migration') },
  'verify-exports': table('a migration', 'GetItem', 'Query', 'PutItem'),
  'verify-source': { ...changes('a backup'), ...table('a backup', 'Query') },
  'verify-fallback': { ...changes('a cleanup'), ...table('a cleanup', 'Query') },
  'verify-target': { ...changes('a migration'), ...table('a migration', 'Query') },
  'commit-placement': {
    ...changes('a migration'),
    ...table('a removal', 'Query'),
    ...secret('a migration'),
  },
  'commit-backup': { ...changes('a backup'), ...table('a backup', 'Query'), ...secret('a backup') },
  'commit-cleanup': { ...changes('a cleanup'), ...secret('a cleanup') },
  'unlock-traffic': { ...changes('a migration'), ...secret('a migration') },
  'close-task': { ...changes('a migration'), ...table('a migration', 'Query') },
  'claim-company': { ...changes('a stopped migration'), ...secret('a stopped migration') },
  'decide-direction': {
    ...changes('a stopped migration'),
    ...table('a removal stopped after its commit', 'Query'),
    ...secret('a stopped migration'),
  },
  'verify-erased': {
    ...table('a stopped migration', 'GetItem', 'Query', 'PutItem'),
    ...table('an incomplete removal', 'UpdateItem'),
  },
  dispatch: {
    ...table('a dry run', 'GetItem', 'PutItem'),
    ...rights('lambda', 'a dry run', 'InvokeFunction'),
  },
  doctor: {
    ...table('the control region is examined', 'GetItem'),
    ...secret('the control region is examined'),
  },
  'start-recovery': {
    ...changes('a stopped migration'),
    ...rights('states', 'a stopped migration', 'StartExecution'),
    ...rights('states', 'a cancelled task', 'DescribeExecution'),
    ...rights('sqs', 'a recovery that cannot be started', 'SendMessage'),
  },
  'publish-events': {
    ...table('a task that is told of', 'DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'),
    ...rights('events', 'a task that is told of', 'PutEvents'),
  },
  sweep: {
    ...changes('a lost event'),
    ...rights('states', 'a lost event', 'DescribeExecution', 'StartExecution'),
    ...table('exports that are due', 'Query', 'DeleteItem'),
    ...rights('lambda', 'exports that are due', 'InvokeFunction'),
  },
};

/** Runs other machines inside of its own. AWS asks for the rules' rights when such a machine is made or changed. */
const nests = (story: StoryName): Uses => ({
  ...rights('states', story, 'StartExecution', 'DescribeExecution'),
  ...rights('states', 'the machine is stopped in its plan', 'StopExecution'),
  ...rights('events', story, 'PutTargets', 'PutRule', 'DescribeRule'),
});

/** Calls functions and notes the phases of its task. */
const drives = (story: StoryName): Uses => ({
  ...rights('lambda', story, 'InvokeFunction'),
  ...table(story, 'UpdateItem'),
});

export const MACHINE_USES: Readonly<Record<string, Uses>> = {
  plan: rights('lambda', 'a dry run', 'InvokeFunction'),
  slice: drives('a backup'),
  migrate: { ...drives('a migration'), ...nests('a migration') },
  backup: { ...drives('a backup'), ...nests('a backup') },
  restore: { ...drives('a restore'), ...nests('a restore') },
  remove: { ...drives('a removal'), ...nests('a removal') },
  cleanup: { ...drives('a cleanup'), ...nests('a cleanup') },
  recover: drives('a stopped migration'),
};

/** What every agent that works for a state machine needs; `story` is the shortest in which it does. */
const worker = (story: StoryName): Uses => ({
  ...table(story, 'UpdateItem'),
  ...rights('states', story, 'SendTaskSuccess'),
  ...rights('states', 'the agent fails', 'SendTaskFailure'),
  ...rights('states', 'the agent is late', 'SendTaskHeartbeat'),
  ...rights('lambda', 'the agent dies', 'InvokeFunction'),
});

const atProvider = (story: StoryName): Uses => ({ ...worker(story), ...secret(story) });

export const AGENT_USES: Readonly<Record<string, Uses>> = {
  describe: atProvider('a dry run'),
  drain: atProvider('a migration'),
  export: {
    ...atProvider('a migration'),
    ...rights('s3', 'a migration', 'PutObject', 'PutObjectTagging', 'GetObject'),
    ...rights('s3', 'a broken upload', 'AbortMultipartUpload'),
    ...rights('kms', 'a migration', 'GenerateDataKey'),
    ...rights('kms', 'a migration in S3 parts', 'Decrypt'),
  },
  open: atProvider('a stopped migration'),
  import: {
    ...atProvider('a migration'),
    ...rights('s3', 'a migration', 'GetObject'),
    ...rights('kms', 'a migration', 'Decrypt'),
  },
  seal: atProvider('a migration'),
  fence: atProvider('a migration stopped after its commit'),
  erase: atProvider('a stopped migration'),
  hook: atProvider('a migration'),
  discard: {
    ...worker('a stopped migration'),
    ...rights('s3', 'a stopped migration', 'ListBucket', 'ListBucketMultipartUploads'),
    ...rights('s3', 'an undone migration', 'DeleteObject'),
    ...rights('s3', 'an upload left behind', 'AbortMultipartUpload'),
  },
  doctor: secret('a datacenter is examined'),
  'report-failure': {
    ...rights('states', 'the agent dies', 'SendTaskFailure'),
    ...table('an agent dies for good', 'UpdateItem'),
  },
  launch: {
    ...rights('ecs', 'a migration by Fargate', 'RunTask'),
    ...rights('iam', 'a migration by Fargate', 'PassRole'),
    ...table('a waiting worker is killed', 'GetItem'),
    ...rights('states', 'a waiting worker is killed', 'SendTaskHeartbeat'),
    ...rights('lambda', 'launch dies', 'InvokeFunction'),
  },
  'report-stopped-task': {
    ...table('a waiting worker is killed', 'UpdateItem'),
    ...table('a worker is killed at work', 'GetItem'),
    ...rights('states', 'a worker is killed at work', 'SendTaskFailure'),
  },
  'open-expired': secret('a lock that nobody ended'),
};

export const TRANSFER_TASK_USES: Uses = {
  ...table('a migration by Fargate', 'GetItem', 'UpdateItem'),
  ...table('a worker is faster than its note', 'PutItem'),
  ...secret('a migration by Fargate'),
  ...rights('states', 'a migration by Fargate', 'SendTaskSuccess'),
  ...rights('states', 'a worker is refused', 'SendTaskFailure'),
  ...rights('states', 'a worker is late', 'SendTaskHeartbeat'),
  ...rights('s3', 'a migration by Fargate', 'PutObject', 'PutObjectTagging', 'GetObject'),
  ...rights('s3', 'a broken upload by Fargate', 'AbortMultipartUpload'),
  ...rights('kms', 'a migration by Fargate', 'GenerateDataKey', 'Decrypt'),
};
