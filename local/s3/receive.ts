import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Sink } from './bodies.ts';
import {
  algorithmOfHeader,
  type ChecksumAlgorithm,
  createHasher,
  decodeDigest,
  digestBytes,
  type Hasher,
  headerOf,
} from './checksums.ts';
import { decodeChunked } from './chunked.ts';
import { notImplemented, s3Error } from './errors.ts';

/** Largest body of one PutObject or UploadPart: 5 GiB. Source: Amazon S3 User Guide, "Multipart upload limits". */
const LARGEST_BODY_BYTES = 5 * 1024 ** 3;

const MD5_BYTES = 16;

export interface Received {
  readonly sizeBytes: number;
  /** Present if asked for. */
  readonly md5: Buffer | undefined;
  /** Of the algorithm asked for, else of the one the request named, else absent. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly digest: Buffer } | undefined;
}

/** What the caller wants computed besides what the request states. */
export interface Computed {
  readonly md5: boolean;
  readonly algorithm?: ChecksumAlgorithm | undefined;
  /** False for CompleteMultipartUpload, whose `x-amz-checksum-*` is the object's and not the document's. */
  readonly checksumIsOfBody?: boolean;
}

interface Claim {
  readonly algorithm: ChecksumAlgorithm;
  /** Undefined while it is still to come as a trailer. */
  readonly value: string | undefined;
}

interface Expected {
  readonly lengthBytes: number;
  readonly chunked: boolean;
  readonly contentMd5: Buffer | undefined;
  readonly contentSha256: string | undefined;
  readonly claim: Claim | undefined;
}

/** The checksum that a request states in a header or announces as a trailer. */
export function statedChecksum(headers: IncomingHttpHeaders): Claim | undefined {
  const trailers = String(headers['x-amz-trailer'] ?? '')
    .toLowerCase()
    .split(',');
  const claims: Claim[] = [];
  for (const name of Object.keys(headers)) {
    const algorithm = algorithmOfHeader(name);
    if (algorithm) claims.push({ algorithm, value: String(headers[name]) });
  }
  for (const name of trailers) {
    const algorithm = algorithmOfHeader(name.trim());
    if (algorithm) claims.push({ algorithm, value: undefined });
  }
  if (claims.length > 1) {
    throw s3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  if (claims.length === 0 && headers['x-amz-sdk-checksum-algorithm'] !== undefined) {
    throw s3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return claims[0];
}

function expectedOf(headers: IncomingHttpHeaders, checksumIsOfBody: boolean): Expected {
  const contentSha = String(headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD');
  const chunked = contentSha.startsWith('STREAMING-');
  if (contentSha.startsWith('STREAMING-AWS4-ECDSA')) throw notImplemented(contentSha);
  const length = chunked ? headers['x-amz-decoded-content-length'] : headers['content-length'];
  if (length === undefined || !/^\d+$/.test(String(length))) throw s3Error('MissingContentLength');
  const lengthBytes = Number(length);
  if (lengthBytes > LARGEST_BODY_BYTES) throw s3Error('EntityTooLarge');
  const md5 = headers['content-md5'];
  const contentMd5 = md5 === undefined ? undefined : decodeDigest(String(md5), MD5_BYTES);
  if (md5 !== undefined && contentMd5 === undefined) throw s3Error('InvalidDigest');
  const contentSha256 = /^[0-9a-f]{64}$/.test(contentSha) ? contentSha : undefined;
  if (!contentSha256 && !chunked && contentSha !== 'UNSIGNED-PAYLOAD') {
    throw s3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a valid sha256 value.',
    );
  }
  return {
    lengthBytes,
    chunked,
    contentMd5,
    contentSha256,
    claim: checksumIsOfBody ? statedChecksum(headers) : undefined,
  };
}

/**
 * Reads a request's body into the sink and holds it to everything the request says about it: length, Content-MD5,
 * x-amz-content-sha256 and one x-amz-checksum-*, as header or trailer. Each digest is computed once while streaming.
 * An algorithm that neither the request nor `computed` names is not computed: S3 would store a CRC64NVME of its own,
 * which in JavaScript costs more than everything else here.
 * Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3".
 */
export async function receive(http: IncomingMessage, sink: Sink, computed: Computed): Promise<Received> {
  const expected = expectedOf(http.headers, computed.checksumIsOfBody ?? true);
  const hashers = hashersFor(expected, computed);
  const trailers = new Map<string, string>();
  // Without destroyOnReturn a refusal in mid-body would close the socket before its answer is out.
  const plain: AsyncIterable<Buffer> = http.iterator({ destroyOnReturn: false });
  const source = expected.chunked ? decodeChunked(plain, trailers) : plain;
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.length;
    if (sizeBytes > expected.lengthBytes) throw s3Error('IncompleteBody');
    for (const hasher of hashers.values()) hasher.update(chunk);
    const written = sink.write(chunk);
    if (written !== undefined) await written;
  }
  if (sizeBytes !== expected.lengthBytes) throw s3Error('IncompleteBody');
  const digests = new Map([...hashers].map(([name, hasher]) => [name, hasher.digest()]));
  compare(expected, digests, trailers);
  const algorithm = computed.algorithm ?? expected.claim?.algorithm;
  const digest = algorithm && digests.get(algorithm);
  return {
    sizeBytes,
    md5: digests.get('MD5'),
    checksum: algorithm && digest ? { algorithm, digest } : undefined,
  };
}

function hashersFor(expected: Expected, computed: Computed): Map<ChecksumAlgorithm | 'MD5', Hasher> {
  const names = new Set<ChecksumAlgorithm | 'MD5'>();
  if (computed.md5 || expected.contentMd5) names.add('MD5');
  if (computed.algorithm) names.add(computed.algorithm);
  if (expected.claim) names.add(expected.claim.algorithm);
  if (expected.contentSha256) names.add('SHA256');
  return new Map([...names].map((name) => [name, createHasher(name)]));
}

function compare(
  expected: Expected,
  digests: ReadonlyMap<string, Buffer>,
  trailers: ReadonlyMap<string, string>,
): void {
  const { contentMd5, contentSha256, claim } = expected;
  if (contentMd5 && !digests.get('MD5')?.equals(contentMd5)) throw s3Error('BadDigest');
  if (contentSha256 && digests.get('SHA256')?.toString('hex') !== contentSha256) {
    throw s3Error('XAmzContentSHA256Mismatch');
  }
  if (!claim) return;
  const header = headerOf(claim.algorithm);
  const value = claim.value ?? trailers.get(header);
  if (value === undefined) throw s3Error('MalformedTrailerError');
  if (!decodeDigest(value, digestBytes(claim.algorithm))) {
    throw s3Error('InvalidRequest', `Value for ${header} header is invalid.`);
  }
  if (digests.get(claim.algorithm)?.toString('base64') !== value) {
    throw s3Error('BadDigest', `The ${claim.algorithm} you specified did not match the calculated checksum.`);
  }
}

/** Reads a small document and verifies it like any body. */
export async function receiveText(
  http: IncomingMessage,
  largestBytes: number,
  { checksumIsOfBody = true } = {},
): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const sink: Sink = {
    write(chunk) {
      sizeBytes += chunk.length;
      if (sizeBytes > largestBytes) throw s3Error('MalformedXML');
      chunks.push(chunk);
    },
  };
  await receive(http, sink, { md5: false, checksumIsOfBody });
  return Buffer.concat(chunks).toString('utf8');
}
