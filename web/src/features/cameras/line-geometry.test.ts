import { describe, expect, test } from 'vitest';
import { firstLine, inward, lineProblem, moved, swapped } from './line-geometry';

const line = (x1: number, y1: number, x2: number, y2: number) => ({ name: 'door', x1, y1, x2, y2 });
const side = (l: ReturnType<typeof line>, x: number, y: number) => (l.x2 - l.x1) * (y - l.y1) - (l.y2 - l.y1) * (x - l.x1);

describe('inward', () => {
  test('is left to right over a line drawn top to bottom', () => {
    expect(inward(line(0.5, 0, 0.5, 1), 640, 480).x).toBeCloseTo(1);
  });

  test.each([
    [line(0.1, 0.2, 0.9, 0.8)],
    [line(0.9, 0.5, 0.1, 0.4)],
    [line(0.3, 0.9, 0.35, 0.1)],
  ])('goes from s > 0 to s < 0 for %o', (l) => {
    const { x, y } = inward(l, 16, 9);
    const middle = { x: (l.x1 + l.x2) / 2, y: (l.y1 + l.y2) / 2 };
    expect(side(l, middle.x - x / 16, middle.y - y / 9)).toBeGreaterThan(0);
    expect(side(l, middle.x + x / 16, middle.y + y / 9)).toBeLessThan(0);
  });

  test('turns round when the ends are swapped', () => {
    const l = line(0.2, 0.3, 0.7, 0.6);
    const [a, b] = [inward(l, 4, 3), inward(swapped(l), 4, 3)];
    expect(a.x).toBeCloseTo(-b.x);
    expect(a.y).toBeCloseTo(-b.y);
  });
});

test.each([
  [line(0.5, 0, 0.5, 1), null], // from edge to edge, as in the middle of a corridor
  [line(0.02, 0.1, 0.05, 0.9), 'edge'],
  [line(0.1, 0.95, 0.9, 0.99), 'edge'],
  [line(0.4, 0.4, 0.42, 0.43), 'short'],
  [firstLine('door'), null],
])('lineProblem of %o is %s', (l, expected) => {
  expect(lineProblem(l)).toBe(expected);
});

test('ends stay inside the picture', () => {
  expect(moved(line(0.2, 0.2, 0.8, 0.8), 2, { x: 1.4, y: -2 })).toMatchObject({ x1: 0.2, x2: 1, y2: 0 });
});
