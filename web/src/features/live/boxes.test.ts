import { beforeEach, describe, expect, test } from 'vitest';
import { BoxTimeline, type TrackBox } from './boxes';

const box = (track: string, x: number, extra: Partial<TrackBox> = {}): TrackBox => ({
  track_id: track, x0: x, y0: 0.2, x1: x + 0.1, y1: 0.8, identity: 'unknown', ...extra,
});

describe('boxes by capture time', () => {
  let line: BoxTimeline;
  beforeEach(() => {
    line = new BoxTimeline();
    line.add(1200, [box('a', 0.3, { identity: 'known' })]);
    line.add(1000, [box('a', 0.1), box('b', 0.5)]); // late: goes before
    line.add(4000, [box('c', 0.7)]);
  });

  test('are blended between two analysed frames', () => {
    expect(line.at(1100).find((b) => b.track_id === 'a')?.x0).toBeCloseTo(0.2);
  });

  test.each([
    [900, []],
    [1000, ['a', 'b']],
    [1199, ['a', 'b']],
    [1250, ['a']],
    [1800, ['a']],
    [1801, []], // goes on for a while, then is gone: never a box from long ago
    [4100, ['c']],
    [4200, ['c']],
    [4201, []], // seen once: nobody knows where it goes
  ])('at %i ms are %j', (ms, expected) => {
    expect(line.at(ms).map((b) => b.track_id)).toEqual(expected);
  });

  test('go on as they went while the next analysed frame is awaited, not for long', () => {
    line = new BoxTimeline();
    line.add(1000, [box('a', 0.1), box('new', 0.5)]);
    line.add(1200, [box('a', 0.3), box('newer', 0.7)]);
    const x = (ms: number, track: string) => line.at(ms).find((b) => b.track_id === track)?.x0;
    expect(x(1300, 'a')).toBeCloseTo(0.4);
    expect(x(1800, 'a')).toBeCloseTo(0.9);
    expect(x(1801, 'a')).toBeUndefined();
    expect(x(1300, 'newer')).toBeCloseTo(0.7); // seen once: nobody knows where it goes
    expect(x(1401, 'newer')).toBeUndefined();
    expect(x(1300, 'new')).toBeUndefined();
  });

  test('go on for a moment when their track is gone from the next analysed frame', () => {
    line = new BoxTimeline();
    line.add(1000, [box('a', 0.1)]);
    line.add(1200, [box('a', 0.3)]);
    line.add(1500, []);
    expect(line.at(1300)[0]?.x0).toBeCloseTo(0.4);
    expect(line.at(1401)).toEqual([]);
  });

  test('of who leaves at the edge get narrower until they are gone', () => {
    line = new BoxTimeline();
    line.add(1000, [box('a', 0.7, { x1: 1 })]);
    line.add(1200, [box('a', 0.9, { x1: 1 })]);
    expect(line.at(1250)[0]).toMatchObject({ x1: 1 });
    expect(line.at(1301)).toEqual([]);
    expect(line.at(1500)).toEqual([]);
  });

  test('that are told twice go on as those told once', () => {
    line = new BoxTimeline();
    for (const at of [1000, 1200, 1200]) line.add(at, [box('a', at / 1000 - 1)]);
    expect(line.at(1300)[0]?.x0).toBeCloseTo(0.3);
  });

  test.each([
    ['somebody', 1100, false, 2],
    ['somebody, boxes late', 4700, false, null],
    ['nothing yet', 1100, false, null, []],
    ['nobody', 1100, false, 0, [[1000, 0]]],
    ['nobody, and nothing moves', 60_000, false, 0, [[1000, 0]]],
    ['nobody a while ago, and the machine is busy', 60_000, true, null, [[1000, 0]]],
  ] as const)('count people: %s', (_label, ms, reduced, expected, told?: readonly (readonly number[])[]) => {
    if (told) {
      line = new BoxTimeline();
      for (const [at] of told) line.add(at ?? 0, []);
    }
    expect(line.people(ms, reduced)).toBe(expected);
  });

  test('carry the newest name of their track, also on earlier frames', () => {
    expect(line.at(1000)[0]?.identity).toBe('known');
  });
});
