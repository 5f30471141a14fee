import type { ConditionBlock } from './conditions.ts';

/**
 * The condition keys that the embedded cloud fills in a request's context, and where AWS describes each. One that
 * ends in `/` has the name of a tag behind it.
 */
const CONDITION_KEYS: Readonly<Record<string, string>> = {
  'aws:PrincipalAccount': 'IAM, "AWS global condition context keys"',
  'aws:PrincipalArn': 'IAM, "AWS global condition context keys"',
  'aws:RequestedRegion': 'IAM, "AWS global condition context keys"',
  'aws:ResourceTag/': 'IAM, "AWS global condition context keys"; filled for secrets',
  'aws:SecureTransport': 'IAM, "AWS global condition context keys"',
  'aws:SourceAccount': 'IAM, "AWS global condition context keys"; filled when a service asks',
  'aws:SourceArn': 'IAM, "AWS global condition context keys"; filled when a service asks',
  'dynamodb:LeadingKeys': 'DynamoDB, "Using IAM policy conditions for fine-grained access control"',
  'ecs:cluster': 'Service Authorization Reference, "Amazon Elastic Container Service"',
  'iam:PassedToService': 'Service Authorization Reference, "AWS Identity and Access Management"',
  'kms:ResourceAliases': 'KMS, "AWS KMS condition keys"',
  'kms:ViaService': 'KMS, "AWS KMS condition keys"',
  's3:ExistingObjectTag/': 'Service Authorization Reference, "Amazon S3"',
  's3:RequestObjectTag/': 'Service Authorization Reference, "Amazon S3"',
  's3:RequestObjectTagKeys': 'Service Authorization Reference, "Amazon S3"',
  's3:TlsVersion': 'Service Authorization Reference, "Amazon S3"',
  's3:delimiter': 'Service Authorization Reference, "Amazon S3"',
  's3:max-keys': 'Service Authorization Reference, "Amazon S3"',
  's3:prefix': 'Service Authorization Reference, "Amazon S3"',
};

const KNOWN = new Set(Object.keys(CONDITION_KEYS).map((key) => key.toLowerCase()));

/** Keys of a Condition block that nothing here fills: a statement with one would never, or always, hold. */
export function unknownKeys(block: ConditionBlock): string[] {
  return Object.values(block)
    .flatMap((keys) => Object.keys(keys))
    .filter((key) => !KNOWN.has(key.toLowerCase().replace(/\/.*$/, '/')));
}
