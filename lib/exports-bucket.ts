import { BACKUP_WINDOWS, type Retention } from '@tanker/contract/manifest.ts';
import { exportsBucketName, exportsKeyAlias, RETENTION_TAG } from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeExportsBucket } from './acknowledgements.ts';

/**
 * S3 removes an object by its tag so many days after its creation, rounded up to the next midnight in UTC: the net behind
 * the sweeper, which deletes at the hour and tells when it could not.
 */
const expire = (retention: Retention, days: number) => ({
  id: `expire-${retention}`,
  tagFilters: { [RETENTION_TAG]: retention },
  expiration: Duration.days(days),
});

/**
 * A backup may be restored for its window's days at most from the plan of its task, before its objects were made: of the
 * days more the sweeper has at least one to try in, and a restore that began in the last hour reads to its end.
 */
const DAYS_MORE = 2;

/**
 * A datacenter's exports and the key they are encrypted with. Neither goes with the stack: they may be in use. A first
 * deployment that is rolled back takes them along: they were never used, and the bucket's name must be free again.
 */
export class ExportsBucket extends Construct {
  readonly key: Key;

  constructor(scope: Construct, topology: Topology, datacenter: string) {
    super(scope, 'Exports');
    this.key = new Key(this, 'Key', {
      alias: exportsKeyAlias(topology, datacenter),
      description: `Exports of Tanker ${topology.installation} in ${datacenter}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    const bucket = new Bucket(this, 'Bucket', {
      bucketName: exportsBucketName(topology, datacenter),
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      // One data key for many objects: S3 then asks KMS once in a while, not once for each part.
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // A deleted export must be gone, and objects are written once, so older versions have no use.
      versioned: false,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      lifecycleRules: [
        expire('transfer', topology.retention.transferDays),
        ...Object.entries(BACKUP_WINDOWS).map(([name, days]) => expire(name as Retention, days + DAYS_MORE)),
        // A worker that was killed leaves parts of an object which nobody sees but everybody pays.
        { id: 'abort-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledgeExportsBucket(bucket);
  }
}
