/** A CRC32 as S3 writes it: 4 octets, big-endian, base64. */
export function crc32Base64(value: number): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value >>> 0);
  return four.toString('base64');
}
