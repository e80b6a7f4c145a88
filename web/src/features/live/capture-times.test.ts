import { expect, test } from 'vitest';
import { CaptureTimes } from './capture-times';

test('every frame has its own capture time, in whatever order the fragments come', () => {
  const times = new CaptureTimes();
  // Shown at 0, 40, 80, 120 ms; the camera's clock is not the player's.
  for (const [media, capture] of [[0, 5000], [0.12, 5123], [0.04, 5041], [0.08, 5080]] as const) times.add(media, capture);
  expect([0, 0.04, 0.08, 0.12].map((media) => times.at(media))).toEqual([5000, 5041, 5080, 5123]);
  expect(times.at(0.0799)).toBeCloseTo(5080, 0); // rounded
  expect(times.at(0.1)).toBeCloseTo(5100); // several frames in one fragment
  expect(times.at(-0.1)).toBeNull();
  times.clear();
  expect(times.at(0.04)).toBeNull();
});

test('old ones are let go of', () => {
  const times = new CaptureTimes();
  for (let index = 0; index < 1000; index++) times.add(index, index * 1000);
  expect(times.at(300)).toBeNull();
  expect(times.at(999)).toBe(999_000);
});
