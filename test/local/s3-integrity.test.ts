import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bytesOf, crc32Base64, type S3World, startS3 } from './s3-fixture.ts';

let world: S3World;
beforeAll(async () => {
  world = await startS3();
});
afterAll(() => world.close());

const put = (Key: string, Body: string, more = {}) =>
  world.client.send(new PutObjectCommand({ Bucket: 'plain', Key, Body, ...more }));

describe('integrity (Amazon S3 User Guide, Checking object integrity)', () => {
  test('refuses a body that differs from its stated checksum and keeps nothing', async () => {
    const before = world.files();
    const wrong = { ChecksumCRC32: crc32Base64(Buffer.from('y')) };
    await expect(put('bad', 'x', wrong)).rejects.toMatchObject({ name: 'BadDigest' });
    const md5 = createHash('md5').update('y').digest('base64');
    await expect(put('bad', 'x', { ContentMD5: md5 })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(put('bad', 'x', { ContentMD5: 'short' })).rejects.toMatchObject({ name: 'InvalidDigest' });
    expect(world.files()).toBe(before);
  });

  const chunked = (payload: Buffer, crc: string) => {
    const half = Math.floor(payload.length / 2);
    const frame = (bytes: Buffer) => [
      Buffer.from(`${bytes.length.toString(16)}\r\n`),
      bytes,
      Buffer.from('\r\n'),
    ];
    const frames = [...frame(payload.subarray(0, half)), ...frame(payload.subarray(half))];
    return Buffer.concat([...frames, Buffer.from(`0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`)]);
  };
  const chunkedHeaders = (lengthBytes: number) => ({
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': String(lengthBytes),
    'x-amz-trailer': 'x-amz-checksum-crc32',
    'content-encoding': 'aws-chunked',
  });

  test('verifies a trailing checksum: one corrupt byte is refused', async () => {
    const payload = randomBytes(1000);
    const crc = crc32Base64(payload);
    const good = await world.raw('PUT', '/plain/trail', chunkedHeaders(1000), chunked(payload, crc));
    expect(good.status).toBe(200);
    payload[500] = (payload[500] ?? 0) ^ 1;
    const bad = await world.raw('PUT', '/plain/trail', chunkedHeaders(1000), chunked(payload, crc));
    expect([bad.status, /<Code>(.*)<\/Code>/.exec(bad.body)?.[1]]).toEqual([400, 'BadDigest']);
  });

  test('understands frames that arrive cut anywhere', async () => {
    const payload = randomBytes(257);
    const whole = chunked(payload, crc32Base64(payload));
    const bytes = Array.from(whole, (_, index) => whole.subarray(index, index + 1));
    const answer = await world.raw('PUT', '/plain/torn', chunkedHeaders(257), bytes);
    expect(answer.status).toBe(200);
    const got = await world.client.send(new GetObjectCommand({ Bucket: 'plain', Key: 'torn' }));
    expect((await bytesOf(got.Body)).equals(payload)).toBe(true);
  });

  test('answers IncompleteBody if less arrives than x-amz-decoded-content-length says (Error responses)', async () => {
    const payload = randomBytes(100);
    const answer = await world.raw(
      'PUT',
      '/plain/less',
      chunkedHeaders(101),
      chunked(payload, crc32Base64(payload)),
    );
    expect(answer.body).toContain('<Code>IncompleteBody</Code>');
  });

  test('verifies x-amz-content-sha256 (Error responses, XAmzContentSHA256Mismatch)', async () => {
    const sha = createHash('sha256').update('y').digest('hex');
    const headers = { 'x-amz-content-sha256': sha, 'content-length': '1' };
    const answer = await world.raw('PUT', '/plain/sha', headers, Buffer.from('x'));
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('XAmzContentSHA256Mismatch')]);
  });

  test('keeps nothing of a request whose connection dies', async () => {
    const before = world.files();
    const socket = connect(world.port, '127.0.0.1');
    socket.write('PUT /plain/dead HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc');
    while (world.files() === before) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    while (world.files() !== before) await new Promise((resolve) => setImmediate(resolve));
    expect(world.s3.objects('plain').map(({ key }) => key)).not.toContain('dead');
  });
});
