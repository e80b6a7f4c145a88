import { describe, expect, test } from 'vitest';
import { LiveFormatError, RecordReader, writeInit, writeRecord } from './records';

const text = (value: string) => new TextEncoder().encode(value);
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const stream = join(
  writeRecord(4, 0, 1, 7, text('{"state":"offline","reason":"no route to host"}')),
  writeInit(0, 'avc1.64001f', Uint8Array.of(1, 2, 3)),
  writeRecord(2, 1, 0, 1_790_000_000_123_456, Uint8Array.of(9, 9)),
  writeRecord(9, 0, 0, 0, Uint8Array.of(5)),
  writeRecord(3, 0, 0, 55, new Uint8Array(0)),
);
const expected = [
  { kind: 'state', tile: 1, captureUs: 7, state: 'offline', reason: 'no route to host' },
  { kind: 'init', tile: 0, captureUs: 0, codec: 'avc1.64001f', segment: Uint8Array.of(1, 2, 3) },
  { kind: 'fragment', tile: 0, captureUs: 1_790_000_000_123_456, key: true, segment: Uint8Array.of(9, 9) },
  { kind: 'gap', tile: 0, captureUs: 55 },
];

describe('live records', () => {
  test.each([1, 2, 5, 16, 17, 64, 10_000])('are the same in chunks of %i bytes', (size) => {
    const reader = new RecordReader();
    const records = [];
    for (let at = 0; at < stream.length; at += size) records.push(...reader.push(stream.subarray(at, at + size)));
    expect(records).toEqual(expected);
  });

  test.each([
    ['a payload over the maximum', join(writeRecord(2, 0, 0, 0, new Uint8Array(0)).map((b, i) => (i === 7 ? 1 : b)))],
    ['an init shorter than its codec', writeRecord(1, 0, 0, 0, Uint8Array.of(9, 0, 65))],
    ['a state that is not JSON', writeRecord(4, 0, 0, 0, text('offline'))],
    ['a state without a state', writeRecord(4, 0, 0, 0, text('{"reason":"x"}'))],
  ])('refuse %s', (_label, bytes) => {
    expect(() => new RecordReader().push(bytes)).toThrow(LiveFormatError);
  });
});
