import { expect, test } from 'vitest';
import { BoxLag } from './lag';

function after(frames: number, intervalMs: number, delayMs: number, lag = new BoxLag(), from = 0): BoxLag {
  for (let index = 1; index <= frames; index++) lag.add(from + index * intervalMs, from + index * intervalMs + delayMs);
  return lag;
}

test.each([
  [200, 150, 0.35], // five a second
  [500, 300, 0.8], // a busy machine: fewer, and later
  [66, 40, 0.106],
  [500, 900, 1.2], // what a live picture is held back at most
  [200, 5000, 1.2],
])('boxes every %i ms that come %i ms late need %f s', (intervalMs, delayMs, seconds) => {
  expect(after(300, intervalMs, delayMs).seconds).toBeCloseTo(seconds, 2);
});

test('one slow frame is waited for at once and forgotten in time', () => {
  const lag = after(50, 200, 100);
  lag.add(50 * 200 + 500, 50 * 200 + 500 + 600);
  expect(lag.seconds).toBeCloseTo(1.1);
  after(200, 200, 100, lag, 12_000);
  expect(lag.seconds).toBeCloseTo(0.3);
});

test('a pause in which nobody was in view is no interval', () => {
  const lag = after(50, 200, 100);
  lag.add(60_000, 60_100);
  expect(lag.seconds).toBeCloseTo(0.3);
});
