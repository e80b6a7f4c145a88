import type { Schemas } from '../../api/client';

export type TrackBox = Schemas['TrackBox'];

interface Moment {
  /** Capture time of the analysed frame, ms. */
  at: number;
  boxes: TrackBox[];
}

/** Two analysed frames further apart are not joined: what happened between is not known. */
const JOIN_MS = 1000;
/** A box outlives its frame by this much while the next one is awaited, going on as it went. */
const HOLD_MS = 600;
/** A track that is gone from the next analysed frame, or of which nobody knows yet where it goes, is shown this much longer. */
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
    // The newest boxes are told again from time to time.
    const again = this.moments[index - 1]?.at === at;
    this.moments.splice(again ? index - 1 : index, again ? 1 : 0, { at, boxes });
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
    const [past, before, next] = [this.moments[after - 2], this.moments[after - 1], this.moments[after]];
    if (!before) return [];
    const joined = next && next.at - before.at <= JOIN_MS ? next : null;
    return before.boxes.flatMap((box) => {
      const shown = joined ? between(before, joined, box, ms) : ahead(past, before, box, ms, HOLD_MS);
      const last = shown ?? ahead(past, before, box, ms, LEAVE_MS) ?? (ms - before.at <= LEAVE_MS ? box : null);
      // Who goes on leaving the picture gets narrower until they are gone.
      return last && last.x1 > last.x0 && last.y1 > last.y0 ? [this.named(last)] : [];
    });
  }

  /**
   * How many people are in the picture captured at `ms`; null when that is not known: the boxes of somebody who was there
   * have not come yet, or nothing has where the camera is looked at less often than it should be.
   */
  people(ms: number, reduced: boolean): number | null {
    const newest = this.moments.at(-1);
    if (!newest) return null;
    if (ms < newest.at) return this.at(ms).length;
    if (ms - newest.at <= HOLD_MS) return newest.boxes.length;
    return newest.boxes.length > 0 || reduced ? null : 0;
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

/** Where a box of `before` is at `ms`, on its way to the next analysed frame; null when it is not there. */
function between(before: Moment, next: Moment, box: TrackBox, ms: number): TrackBox | null {
  const to = next.boxes.find((other) => other.track_id === box.track_id);
  return to ? blend(box, to, (ms - before.at) / (next.at - before.at)) : null;
}

/** Where a box of `before` is at `ms`, up to `limit` later, as it went since `past`; null when nobody knows. */
function ahead(past: Moment | undefined, before: Moment, box: TrackBox, ms: number, limit: number): TrackBox | null {
  if (!past || before.at - past.at > JOIN_MS || ms - before.at > limit) return null;
  const from = past.boxes.find((other) => other.track_id === box.track_id);
  return from ? blend(from, box, 1 + (ms - before.at) / (before.at - past.at)) : null;
}

function blend(a: TrackBox, b: TrackBox, part: number): TrackBox {
  const mix = (from: number, to: number) => from + (to - from) * part;
  return { ...a, x0: mix(a.x0, b.x0), y0: mix(a.y0, b.y0), x1: mix(a.x1, b.x1), y1: mix(a.y1, b.y1) };
}
