import { expect, test } from 'vitest';
import { showTime, timescale } from './mp4';

const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const box = (name: string, ...content: number[][]): number[] => {
  const body = content.flat();
  return [...u32(body.length + 8), ...[...name].map((c) => c.charCodeAt(0)), ...body];
};
const bytes = (...boxes: number[][]) => Uint8Array.from(boxes.flat());

const init = (mdhd: number[]) => bytes(box('ftyp', u32(0)), box('moov', box('mvhd', u32(0)), box('trak', box('tkhd', u32(0)), box('mdia', box('mdhd', mdhd)))));
const fragment = (tfdt: number[], trun: number[] = [0, 0, 0, 0, ...u32(1)]) =>
  bytes(box('moof', box('mfhd', u32(0)), box('traf', box('tfhd', u32(0)), box('tfdt', tfdt), box('trun', trun))), box('mdat', [1, 2, 3]));
const decodedAt = (ticks: number) => [0, 0, 0, 0, ...u32(ticks)];

test.each([
  ['version 0', init([0, 0, 0, 0, ...u32(0), ...u32(0), ...u32(90_000), ...u32(0), ...u32(0)]), 90_000],
  ['version 1', init([1, 0, 0, 0, ...u32(0), ...u32(0), ...u32(0), ...u32(0), ...u32(12_800), ...u32(0), ...u32(0)]), 12_800],
  ['no track', bytes(box('moov', box('mvhd', u32(0)))), null],
  ['a box longer than the file', Uint8Array.from([...u32(99), 109, 111, 111, 118]), null],
])('timescale of an init segment, %s', (_label, segment, expected) => {
  expect(timescale(segment)).toBe(expected);
});

test.each([
  ['version 0', fragment(decodedAt(3600)), 3600],
  ['version 1', fragment([1, 0, 0, 0, ...u32(1), ...u32(5)]), 2 ** 32 + 5],
  ['shown later than it is decoded', fragment(decodedAt(3600), [0, 0, 0x0f, 0x05, ...u32(1), ...u32(100), ...u32(0), ...u32(40), ...u32(9), ...u32(0), ...u32(7200)]), 10_800],
  ['an offset alone', fragment(decodedAt(3600), [0, 0, 8, 0, ...u32(1), ...u32(1800)]), 5400],
  ['a negative offset', fragment(decodedAt(3600), [1, 0, 8, 0, ...u32(1), ...u32(2 ** 32 - 600)]), 3000],
  ['a run that is cut off', fragment(decodedAt(3600), [0, 0, 8, 0, ...u32(1)]), 3600],
  ['cut off', fragment([1, 0, 0, 0]), null],
  ['none', bytes(box('mdat', [1])), null],
])('showTime of a fragment, %s', (_label, segment, expected) => {
  expect(showTime(segment)).toBe(expected);
});
