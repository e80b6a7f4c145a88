const KEPT = 600;
/** A frame's own time may differ from what its fragment says by rounding, s. */
const ROUNDING_S = 0.001;

/** When the pictures of one camera were taken: capture time (UTC ms) by media time (s). */
export class CaptureTimes {
  /** Ascending by media time; fragments may come in another order than their frames are shown in. */
  private known: { media: number; capture: number }[] = [];

  add(media: number, capture: number): void {
    const { known } = this;
    let index = known.length;
    while (index > 0 && (known[index - 1]?.media ?? 0) > media) index--;
    known.splice(index, 0, { media, capture });
    if (known.length > KEPT) known.splice(0, known.length - KEPT);
  }

  /** Capture time of the frame at `media`, or null. */
  at(media: number): number | null {
    const { known } = this;
    for (let index = known.length - 1; index >= 0; index--) {
      const time = known[index];
      if (time && time.media <= media + ROUNDING_S) return time.capture + (media - time.media) * 1000;
    }
    return null;
  }

  clear(): void {
    this.known = [];
  }
}
