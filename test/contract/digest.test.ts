import { describe, expect, test } from '@jest/globals';
import {
  type CanonicalInput,
  canonicalDecimal,
  canonicalRow,
  canonicalValue,
  DigestSum,
  EMPTY_DIGEST,
} from '@tanker/contract/index.ts';
import fc from 'fast-check';

const digestOf = (rows: readonly string[]) => {
  const sum = new DigestSum();
  for (const row of rows) sum.add(row);
  return sum.digest;
};

describe('canonical values', () => {
  test.each([
    [{ type: 'null' }, 'n'],
    [{ type: 'boolean', value: true }, 'b1'],
    [{ type: 'integer', value: -7n }, 'i-7'],
    [{ type: 'decimal', value: '0010.500' }, 'd10.5'],
    [{ type: 'float', value: 1.5 }, 'f3ff8000000000000'],
    [{ type: 'float', value: Number.NaN }, 'f7ff8000000000000'],
    [{ type: 'text', value: '' }, 's'],
    [{ type: 'bytes', value: new Uint8Array([0, 255]) }, 'x00ff'],
    [{ type: 'date', value: '2024-02-29' }, 'D2024-02-29'],
    [
      { type: 'uuid', value: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' },
      'ua0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    ],
    [{ type: 'array', value: [{ type: 'null' }, { type: 'text', value: 'é' }] }, 'a1:n3:sé'],
    [{ type: 'json', value: { b: [1.5, null], a: 'x' } }, 'jo1:a2:sx1:b10:a4:d1.51:n'],
    [{ type: 'json text', value: '["\\u0000"]' }, 'J["\\u0000"]'],
  ] as [CanonicalInput, string][])('%j is %s', (input, expected) => {
    expect(canonicalValue(input)).toBe(expected);
  });

  test.each([
    ['-0.00', '0'],
    ['1e3', '1000'],
    ['1.5e-3', '0.0015'],
    ['-12.340', '-12.34'],
    ['100', '100'],
    ['.5', undefined],
    ['NaN', 'NaN'],
  ])('decimal %s is %s', (given, expected) => {
    if (expected === undefined) expect(() => canonicalDecimal(given)).toThrow(RangeError);
    else expect(canonicalDecimal(given)).toBe(expected);
  });

  test.each(['\0', '\ud800', { '\udc00': 1 }, ['a\0']])(
    'JSON that not every store has is refused: %j',
    (value) => {
      expect(() => canonicalValue({ type: 'json', value })).toThrow(RangeError);
    },
  );

  test('what looks alike is not: null, empty, zero and minus zero, 1 as number and as text', () => {
    const alike: CanonicalInput[] = [
      { type: 'null' },
      { type: 'text', value: '' },
      { type: 'text', value: 'n' },
      { type: 'float', value: 0 },
      { type: 'float', value: -0 },
      { type: 'integer', value: 1n },
      { type: 'text', value: '1' },
    ];
    expect(new Set(alike.map(canonicalValue)).size).toBe(alike.length);
  });
});

describe('rows and sums', () => {
  const row = (id: number, text: string) =>
    canonicalRow('notes', {
      id: { type: 'integer', value: BigInt(id) },
      text: { type: 'text', value: text },
    });

  test('a row is the netstrings of its collection and fields, in the order of their names', () => {
    expect(row(1, 'ab')).toBe('5:notes2:id2:i14:text3:sab');
  });

  test('a known digest stays what it is', () => {
    expect(digestOf([])).toEqual(EMPTY_DIGEST);
    expect(digestOf([row(1, 'ab')])).toEqual({ rows: 1, sum: 'cd190e45d4a095e6dc86d78ad0be05eb' });
  });

  test('the order of rows does not matter, each row counts as often as it is there', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.string())), (pairs) => {
        const rows = pairs.map(([id, text]) => row(id, text));
        expect(digestOf([...rows].reverse())).toEqual(digestOf(rows));
        if (rows[0]) expect(digestOf([...rows, rows[0], rows[0]]).sum).not.toBe(digestOf(rows).sum);
      }),
    );
  });

  test('fields can not run into one another', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        const make = (x: string, y: string) =>
          canonicalRow('c', { x: { type: 'text', value: x }, y: { type: 'text', value: y } });
        expect(make(a, b) === make(c, d)).toBe(a === c && b === d);
      }),
    );
  });
});
