/** A reflected CRC with all bits set at start and inverted at the end: all three of S3's are of this kind. */
export interface CrcKind {
  readonly bits: 32 | 64;
  /** Reflected polynomial. */
  readonly polynomial: bigint;
}

export const CRC32: CrcKind = { bits: 32, polynomial: 0xedb88320n };
export const CRC32C: CrcKind = { bits: 32, polynomial: 0x82f63b78n };
/** Source: NVM Express NVM Command Set Specification, "64b CRC". */
export const CRC64NVME: CrcKind = { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n };

/** Bytes folded in one step of the table walk; eight keeps the tables (16 KiB) inside a level 1 cache. */
const SLICES = 8;

interface Tables {
  readonly low: readonly Uint32Array[];
  readonly high: readonly Uint32Array[];
}

function buildTables(kind: CrcKind): Tables {
  const rows: bigint[][] = [[]];
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ kind.polynomial : value >> 1n;
    rows[0]?.push(value);
  }
  const first = rows[0] as bigint[];
  for (let slice = 1; slice < SLICES; slice++) {
    const previous = rows[slice - 1] as bigint[];
    rows.push(previous.map((value) => (value >> 8n) ^ (first[Number(value & 0xffn)] as bigint)));
  }
  return {
    low: rows.map((row) => Uint32Array.from(row, (value) => Number(value & 0xffffffffn))),
    high: rows.map((row) => Uint32Array.from(row, (value) => Number(value >> 32n))),
  };
}

const builtTables = new Map<CrcKind, Tables>();

function tablesOf(kind: CrcKind): Tables {
  const known = builtTables.get(kind);
  if (known) return known;
  const built = buildTables(kind);
  builtTables.set(kind, built);
  return built;
}

/** A CRC in JavaScript, for the two that Node has no native code for. */
export class TableCrc {
  readonly #kind: CrcKind;
  readonly #tables: Tables;
  #low = -1;
  #high: number;

  constructor(kind: CrcKind) {
    this.#kind = kind;
    this.#tables = tablesOf(kind);
    this.#high = kind.bits === 64 ? -1 : 0;
  }

  update(chunk: Uint8Array): void {
    const [l0, l1, l2, l3, l4, l5, l6, l7] = this.#tables.low as EightTables;
    const [h0, h1, h2, h3, h4, h5, h6, h7] = this.#tables.high as EightTables;
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const whole = chunk.length - (chunk.length % SLICES);
    let low = this.#low;
    let high = this.#high;
    let at = 0;
    for (; at < whole; at += SLICES) {
      const a = low ^ view.getUint32(at, true);
      const b = high ^ view.getUint32(at + 4, true);
      const a0 = a & 255;
      const a1 = (a >>> 8) & 255;
      const a2 = (a >>> 16) & 255;
      const a3 = a >>> 24;
      const b0 = b & 255;
      const b1 = (b >>> 8) & 255;
      const b2 = (b >>> 16) & 255;
      const b3 = b >>> 24;
      low =
        at8(l7, a0) ^
        at8(l6, a1) ^
        at8(l5, a2) ^
        at8(l4, a3) ^
        at8(l3, b0) ^
        at8(l2, b1) ^
        at8(l1, b2) ^
        at8(l0, b3);
      high =
        at8(h7, a0) ^
        at8(h6, a1) ^
        at8(h5, a2) ^
        at8(h4, a3) ^
        at8(h3, b0) ^
        at8(h2, b1) ^
        at8(h1, b2) ^
        at8(h0, b3);
    }
    for (; at < chunk.length; at++) {
      const index = (low ^ (chunk[at] as number)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ at8(l0, index);
      high = (high >>> 8) ^ at8(h0, index);
    }
    this.#low = low;
    this.#high = high;
  }

  digest(): Buffer {
    const low = Buffer.alloc(4);
    low.writeUInt32BE(~this.#low >>> 0);
    if (this.#kind.bits === 32) return low;
    const high = Buffer.alloc(4);
    high.writeUInt32BE(~this.#high >>> 0);
    return Buffer.concat([high, low]);
  }
}

type Table = Uint32Array;
type EightTables = readonly [Table, Table, Table, Table, Table, Table, Table, Table];

function at8(table: Table, index: number): number {
  return table[index] as number;
}

/** Product of two reflected polynomials modulo the CRC's own: the highest bit stands for 1. */
function multiply(left: bigint, right: bigint, kind: CrcKind): bigint {
  let product = 0n;
  let factor = right;
  for (let bit = BigInt(kind.bits - 1); bit >= 0n; bit--) {
    if ((left >> bit) & 1n) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ kind.polynomial : factor >> 1n;
  }
  return product;
}

/** The polynomial x^(8 · bytes): what a CRC is multiplied by when so many bytes follow. */
function shiftBy(bytes: number, kind: CrcKind): bigint {
  const one = 1n << BigInt(kind.bits - 1);
  let square = one >> 8n;
  let result = one;
  for (let left = BigInt(bytes); left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(result, square, kind);
    square = multiply(square, square, kind);
  }
  return result;
}

/**
 * CRC of the concatenation of pieces from their own CRCs (big-endian digests) and sizes in bytes, without reading
 * them again. S3 forms a multipart object's FULL_OBJECT checksum the same way.
 */
export function combineCrcs(pieces: readonly { digest: Buffer; size: number }[], kind: CrcKind): Buffer {
  let whole = 0n;
  for (const piece of pieces) {
    const own = BigInt(`0x${piece.digest.toString('hex')}`);
    whole = multiply(shiftBy(piece.size, kind), whole, kind) ^ own;
  }
  return Buffer.from(whole.toString(16).padStart(kind.bits / 4, '0'), 'hex');
}
