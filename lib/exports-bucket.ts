import {
  exportsBucketName,
  exportsKeyAlias,
  RETENTION_TAG,
  TRANSFER_RETENTION,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeExportsBucket } from './acknowledgements.ts';

/** A datacenter's exports and the key they are encrypted with. Neither goes with the stack: they may be in use. */
export class ExportsBucket extends Construct {
  readonly key: Key;

  constructor(scope: Construct, topology: Topology, datacenter: string) {
    super(scope, 'Exports');
    this.key = new Key(this, 'Key', {
      alias: exportsKeyAlias(topology, datacenter),
      description: `Exports of Tanker ${topology.installation} in ${datacenter}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
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
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: 'expire-transfers',
          tagFilters: { [RETENTION_TAG]: TRANSFER_RETENTION },
          expiration: Duration.days(topology.retention.transferDays),
        },
        // A worker that was killed leaves parts of an object which nobody sees but everybody pays.
        { id: 'abort-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledgeExportsBucket(bucket);
  }
}
