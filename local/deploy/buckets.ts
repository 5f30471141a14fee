import type { Resource } from '../assembly/assembly.ts';
import { TemplateUnsupported } from '../assembly/intrinsics.ts';
import type { BucketConfig, LifecycleRule } from '../s3/index.ts';
import { checkName } from './limits.ts';
import { checkProperties, tagsOf } from './properties.ts';

const BUCKET = {
  used: [
    'BucketEncryption',
    'BucketName',
    'LifecycleConfiguration',
    'PublicAccessBlockConfiguration',
    'Tags',
    'VersioningConfiguration',
  ],
  ignored: ['AccessControl', 'LoggingConfiguration', 'MetricsConfigurations', 'OwnershipControls'],
};

const LIFECYCLE_RULE = {
  used: ['AbortIncompleteMultipartUpload', 'ExpirationInDays', 'Id', 'Prefix', 'Status', 'TagFilters'],
  ignored: [],
};

interface BucketProperties {
  readonly BucketEncryption?: {
    readonly ServerSideEncryptionConfiguration?: readonly {
      readonly BucketKeyEnabled?: boolean;
      readonly ServerSideEncryptionByDefault?: {
        readonly SSEAlgorithm: 'AES256' | 'aws:kms';
        readonly KMSMasterKeyID?: string;
      };
    }[];
  };
  readonly LifecycleConfiguration?: { readonly Rules?: readonly RuleProperties[] };
  readonly PublicAccessBlockConfiguration?: Record<string, boolean>;
  readonly VersioningConfiguration?: { readonly Status?: string };
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

interface RuleProperties {
  readonly Id?: string;
  readonly Status: 'Enabled' | 'Disabled';
  readonly Prefix?: string;
  readonly TagFilters?: readonly { readonly Key: string; readonly Value: string }[];
  readonly ExpirationInDays?: number;
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
}

/** AWS::S3::Bucket. */
export function readBucket(resource: Resource): BucketConfig {
  checkProperties(resource.properties, BUCKET);
  checkName('bucket', resource.ref);
  const properties = resource.properties as BucketProperties;
  if (properties.VersioningConfiguration?.Status === 'Enabled') throw new TemplateUnsupported('versioning');
  const [encryption] = properties.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
  const byDefault = encryption?.ServerSideEncryptionByDefault;
  return {
    region: resource.region,
    name: resource.ref,
    lifecycleRules: properties.LifecycleConfiguration?.Rules?.map(readRule),
    publicAccessBlock: properties.PublicAccessBlockConfiguration,
    tags: tagsOf(properties.Tags),
    encryption: byDefault && {
      algorithm: byDefault.SSEAlgorithm,
      kmsKeyId: byDefault.KMSMasterKeyID,
      bucketKey: encryption?.BucketKeyEnabled,
    },
  };
}

function readRule(rule: RuleProperties, index: number): LifecycleRule {
  checkProperties(rule, LIFECYCLE_RULE, 'LifecycleConfiguration.Rules.');
  return {
    id: rule.Id ?? `rule-${index + 1}`,
    enabled: rule.Status === 'Enabled',
    prefix: rule.Prefix,
    tags: tagsOf(rule.TagFilters),
    expirationDays: rule.ExpirationInDays,
    abortIncompleteMultipartUploadDays: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
  };
}
