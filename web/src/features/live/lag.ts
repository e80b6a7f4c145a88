/** A picture waits no longer than this for its boxes, s: with the way from the camera it stays within 1.5 s. */
const LONGEST_S = 1.2;
/** Analysed frames further apart do not follow each other: nobody was in view between them, ms. */
const APART_MS = 1000;
/** By this much the longest wait is forgotten with every analysed frame. */
const DECAY = 0.98;

/**
 * How far behind the newest picture a tile has to play so that the boxes on both sides of the picture on screen are
 * there: as long as boxes take to arrive, and on to the analysed frame after it. Both are measured: a busy machine
 * analyses fewer frames and sends them later. The slowest of late counts: a picture that waits a little is better than
 * one without its boxes, but a live picture that waits long is none.
 */
export class BoxLag {
  private delayMs = 0;
  private intervalMs = 200;
  private last: number | null = null;

  /** Boxes of the frame captured at `capturedMs` arrived while the newest picture was captured at `newestMs`. */
  add(capturedMs: number, newestMs: number): void {
    this.delayMs = Math.max(Math.min(newestMs - capturedMs, 1000 * LONGEST_S), this.delayMs * DECAY);
    const interval = this.last === null ? 0 : capturedMs - this.last;
    if (interval > 0 && interval <= APART_MS) this.intervalMs = Math.max(interval, this.intervalMs * DECAY);
    this.last = capturedMs;
  }

  get seconds(): number {
    return Math.min((this.delayMs + this.intervalMs) / 1000, LONGEST_S);
  }
}
