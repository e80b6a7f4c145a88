import type { Schemas } from '../../api/client';

export type TrackBox = Schemas['TrackBox'];

interface Moment {
  /** Capture time of the analysed frame, ms. */
  at: number;
  boxes: TrackBox[];
}

/** Two analysed frames further apart are not joined: what happened between is not known. */
const JOIN_MS = 1000;
/** A box outlives its frame by this much while the next one is awaited, and goes on as it went for this long of it. */
const HOLD_MS = 700;
const AHEAD_MS = 400;
/** A track that is gone from the next analysed frame is shown this much longer. */
const LEAVE_MS = 200;
const KEPT = 128;

/**
 * The boxes of one camera by capture time. Pictures come at 25 a second, boxes at about 5: for the frame on screen
 * the boxes of the two analysed frames around it are blended, so that they move with the people. While the next one is
 * awaited they go on as they went.
 */
export class BoxTimeline {
  private moments: Moment[] = [];
  /** Who each track was said to be last, and as of when: boxes may arrive late. */
  private readonly latest = new Map<string, { at: number; box: TrackBox }>();

  add(at: number, boxes: TrackBox[]): void {
    let index = this.moments.length;
    while (index > 0 && (this.moments[index - 1]?.at ?? 0) > at) index--;
    this.moments.splice(index, 0, { at, boxes });
    if (this.moments.length > KEPT) this.moments.splice(0, this.moments.length - KEPT);
    for (const box of boxes) {
      if ((this.latest.get(box.track_id)?.at ?? 0) <= at) this.latest.set(box.track_id, { at, box });
    }
    if (this.latest.size > 4 * KEPT) this.latest.clear();
  }

  /** The boxes for a frame captured at `ms`; names are the newest ones known of each track. */
  at(ms: number): TrackBox[] {
    let after = this.moments.length;
    while (after > 0 && (this.moments[after - 1]?.at ?? 0) > ms) after--;
    const before = this.moments[after - 1];
    const next = this.moments[after];
    if (!before) return [];
    if (!next || next.at - before.at > JOIN_MS) {
      if (ms - before.at > HOLD_MS) return [];
      const past = this.moments[after - 2];
      return before.boxes.map((box) => this.named(past ? ahead(past, before, box, ms) : box));
    }
    const part = (ms - before.at) / (next.at - before.at);
    const shown: TrackBox[] = [];
    for (const box of before.boxes) {
      const to = next.boxes.find((other) => other.track_id === box.track_id);
      if (to) shown.push(this.named(blend(box, to, part)));
      else if (ms - before.at <= LEAVE_MS) shown.push(this.named(box));
    }
    return shown;
  }

  /** Capture time of the newest boxes, or null. */
  newest(): number | null {
    return this.moments.at(-1)?.at ?? null;
  }

  private named(box: TrackBox): TrackBox {
    const latest = this.latest.get(box.track_id)?.box;
    return latest ? { ...box, identity: latest.identity, person: latest.person } : box;
  }
}

/** Where a box is at `ms`, after the last analysed frame: on its way from the one before that. */
function ahead(past: Moment, before: Moment, box: TrackBox, ms: number): TrackBox {
  const apart = before.at - past.at;
  const from = apart > 0 && apart <= JOIN_MS ? past.boxes.find((other) => other.track_id === box.track_id) : undefined;
  return from ? blend(from, box, 1 + Math.min(ms - before.at, AHEAD_MS) / apart) : box;
}

function blend(a: TrackBox, b: TrackBox, part: number): TrackBox {
  const mix = (from: number, to: number) => from + (to - from) * part;
  return { ...a, x0: mix(a.x0, b.x0), y0: mix(a.y0, b.y0), x1: mix(a.x1, b.x1), y1: mix(a.y1, b.y1) };
}
