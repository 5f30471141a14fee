import { deleteObjects, getBucketLifecycle, getBucketLocation, headBucket } from './buckets.ts';
import { completeMultipartUpload } from './complete.ts';
import { notImplemented, s3Error } from './errors.ts';
import type { BucketExchange, KeyExchange } from './exchange.ts';
import { listObjectsV2 } from './listing.ts';
import {
  abortMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from './multipart.ts';
import { deleteObject, getObject, headObject, putObject } from './objects.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tags.ts';

/** An operation on a bucket or a key, recognised by method and by the query parameters it must have. */
export interface Route<Target> {
  readonly operation: string;
  readonly method: string;
  readonly marks: readonly string[];
  /** Query parameters it also understands. */
  readonly options?: readonly string[];
  readonly run: (target: Target) => Promise<void>;
}

/** Parameters that belong to the request's transport: the SDK's note of the operation and a presigned URL's. */
const TRANSPORT_PARAMETERS = /^(x-id$|x-amz-)/i;

const OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];

const BUCKET_ROUTES: readonly Route<BucketExchange>[] = [
  { operation: 'GetBucketLocation', method: 'GET', marks: ['location'], run: getBucketLocation },
  {
    operation: 'GetBucketLifecycleConfiguration',
    method: 'GET',
    marks: ['lifecycle'],
    run: getBucketLifecycle,
  },
  {
    operation: 'ListMultipartUploads',
    method: 'GET',
    marks: ['uploads'],
    options: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
    run: listMultipartUploads,
  },
  {
    operation: 'ListObjectsV2',
    method: 'GET',
    marks: ['list-type'],
    options: [
      'prefix',
      'delimiter',
      'start-after',
      'continuation-token',
      'max-keys',
      'encoding-type',
      'fetch-owner',
    ],
    run: listObjectsV2,
  },
  { operation: 'HeadBucket', method: 'HEAD', marks: [], run: headBucket },
  { operation: 'DeleteObjects', method: 'POST', marks: ['delete'], run: deleteObjects },
];

const KEY_ROUTES: readonly Route<KeyExchange>[] = [
  { operation: 'GetObjectTagging', method: 'GET', marks: ['tagging'], run: getObjectTagging },
  { operation: 'PutObjectTagging', method: 'PUT', marks: ['tagging'], run: putObjectTagging },
  { operation: 'DeleteObjectTagging', method: 'DELETE', marks: ['tagging'], run: deleteObjectTagging },
  { operation: 'CreateMultipartUpload', method: 'POST', marks: ['uploads'], run: createMultipartUpload },
  { operation: 'UploadPart', method: 'PUT', marks: ['uploadId', 'partNumber'], run: uploadPart },
  { operation: 'CompleteMultipartUpload', method: 'POST', marks: ['uploadId'], run: completeMultipartUpload },
  { operation: 'AbortMultipartUpload', method: 'DELETE', marks: ['uploadId'], run: abortMultipartUpload },
  {
    operation: 'ListParts',
    method: 'GET',
    marks: ['uploadId'],
    options: ['max-parts', 'part-number-marker'],
    run: listParts,
  },
  { operation: 'PutObject', method: 'PUT', marks: [], run: putObject },
  { operation: 'GetObject', method: 'GET', marks: [], options: OVERRIDES, run: getObject },
  { operation: 'HeadObject', method: 'HEAD', marks: [], options: OVERRIDES, run: headObject },
  { operation: 'DeleteObject', method: 'DELETE', marks: [], run: deleteObject },
];

/** @throws NotImplemented naming what was asked for */
export function bucketRoute(method: string, query: URLSearchParams): Route<BucketExchange> {
  return pick(BUCKET_ROUTES, 'bucket', method, query);
}

/** @throws NotImplemented naming what was asked for */
export function keyRoute(method: string, query: URLSearchParams): Route<KeyExchange> {
  return pick(KEY_ROUTES, 'object', method, query);
}

/** Exactly the route whose marks are there and that understands every other parameter: nothing is ignored. */
function pick<Target>(
  routes: readonly Route<Target>[],
  level: string,
  method: string,
  query: URLSearchParams,
): Route<Target> {
  const parameters = [...query.keys()].filter((name) => !TRANSPORT_PARAMETERS.test(name));
  const route = routes.find(
    (candidate) =>
      candidate.method === method &&
      candidate.marks.every((mark) => query.has(mark)) &&
      parameters.every((name) => candidate.marks.includes(name) || candidate.options?.includes(name)),
  );
  if (route) return route;
  const named = query.get('x-id');
  const asked = `${method} of ${level === 'bucket' ? 'a bucket' : 'an object'} with query "${parameters.join('&')}"`;
  throw notImplemented(named ? `${named} (${asked})` : asked);
}

/** Bucket and key of a path-style URL, decoded; a virtual-hosted one never reaches a loopback address. */
export function splitPath(path: string): { bucket: string; key: string } {
  const match = /^\/([^/]*)\/?(.*)$/s.exec(path);
  try {
    return { bucket: decodeURIComponent(match?.[1] ?? ''), key: decodeURIComponent(match?.[2] ?? '') };
  } catch {
    throw s3Error('InvalidURI');
  }
}
