import type { Line } from '../../api/client';

export interface Point {
  x: number;
  y: number;
}

/**
 * The unit vector that points IN, on a picture of `width` × `height`. Somebody walks in from s > 0 to s < 0 with
 * s = (x2 − x1)(y − y1) − (y2 − y1)(x − x1), so IN is against the gradient of s: (y2 − y1, −(x2 − x1)).
 */
export function inward(line: Line, width: number, height: number): Point {
  const x = (line.y2 - line.y1) * height;
  const y = -(line.x2 - line.x1) * width;
  const length = Math.hypot(x, y) || 1;
  return { x: x / length, y: y / length };
}

export const swapped = (line: Line): Line => ({ ...line, x1: line.x2, y1: line.y2, x2: line.x1, y2: line.y1 });

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

export function moved(line: Line, end: 1 | 2, to: Point): Line {
  return end === 1 ? { ...line, x1: clamp(to.x), y1: clamp(to.y) } : { ...line, x2: clamp(to.x), y2: clamp(to.y) };
}

/** The part of the picture beside its edge where a body may be cut off before its feet cross. */
const EDGE = 0.08;
const SHORT = 0.08;

export function lineProblem(line: Line): 'edge' | 'short' | null {
  const near = (a: number, b: number) => (a < EDGE && b < EDGE) || (a > 1 - EDGE && b > 1 - EDGE);
  if (Math.hypot(line.x2 - line.x1, line.y2 - line.y1) < SHORT) return 'short';
  return near(line.x1, line.x2) || near(line.y1, line.y2) ? 'edge' : null;
}

/** A first line: across the lower middle, IN is upwards, away from the camera's side of the door. */
export const firstLine = (name: string): Line => ({ name, x1: 0.25, y1: 0.68, x2: 0.75, y2: 0.68 });
