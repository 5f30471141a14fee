import { matchesWildcard } from './conditions.ts';

/** Actions of services that the embedded cloud doesn't have, and who would use them on AWS. */
const NEVER_ASKED: Readonly<Record<string, string>> = {
  'xray:*': 'traces: the X-Ray daemon of Lambda and Step Functions sends them',
  'logs:CreateLogStream': "log writes: Lambda and the container agent write a function's or task's log",
  'logs:PutLogEvents': "log writes: Lambda and the container agent write a function's or task's log",
  'logs:*LogDeliver*': 'log delivery: Step Functions sets up the delivery of its log',
  'logs:DescribeLogGroups': 'log delivery: Step Functions sets up the delivery of its log',
  'logs:*ResourcePolic*': 'log delivery: Step Functions sets up the delivery of its log',
  'ecr:*': 'image pull: the container agent pulls the image',
  'ec2:*': "network: Lambda makes its interfaces in the topology's own VPC",
  'cloudwatch:PutMetricData': 'metrics: they leave with the log',
};

/** Why no use of the action can be seen here; undefined for one that a service here asks for. */
export function neverAsked(action: string): string | undefined {
  return Object.entries(NEVER_ASKED).find(([pattern]) => matchesWildcard(action, pattern))?.[1];
}
