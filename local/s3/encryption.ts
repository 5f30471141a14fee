import type { IncomingHttpHeaders } from 'node:http';
import { notImplemented, s3Error } from './errors.ts';

/** Server-side encryption as it is recorded and answered; nothing on this disk is really encrypted. */
export interface Encryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  /** ARN, key id or alias as given. */
  readonly kmsKeyId?: string;
  readonly bucketKey?: boolean;
}

export const SSE_S3: Encryption = { algorithm: 'AES256' };

/** The encryption that a new object gets: the request's, else the bucket's default. */
export function encryptionFor(headers: IncomingHttpHeaders, bucketDefault: Encryption = SSE_S3): Encryption {
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-server-side-encryption-customer-'))) {
    throw notImplemented('Encryption with a customer-provided key (SSE-C)');
  }
  const algorithm = headers['x-amz-server-side-encryption'];
  if (algorithm === undefined) return bucketDefault;
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms') {
    if (algorithm === 'aws:kms:dsse') throw notImplemented('aws:kms:dsse');
    throw s3Error('InvalidArgument', 'The encryption method specified is not supported');
  }
  if (algorithm === 'AES256') return SSE_S3;
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'];
  const bucketKey = headers['x-amz-server-side-encryption-bucket-key-enabled'];
  return {
    algorithm,
    ...((keyId ?? bucketDefault.kmsKeyId) && { kmsKeyId: String(keyId ?? bucketDefault.kmsKeyId) }),
    bucketKey: bucketKey === undefined ? (bucketDefault.bucketKey ?? false) : bucketKey === 'true',
  };
}

/** Answer headers that tell how an object is encrypted. */
export function encryptionHeaders(encryption: Encryption): Record<string, string> {
  return {
    'x-amz-server-side-encryption': encryption.algorithm,
    ...(encryption.kmsKeyId && { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.kmsKeyId }),
    ...(encryption.bucketKey && { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' }),
  };
}
