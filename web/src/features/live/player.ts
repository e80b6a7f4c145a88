import { CaptureTimes } from './capture-times';
import { showTime, timescale } from './mp4';
import type { LiveRecord } from './records';

/** Behind the newest frame by at least this much, for the network's jitter. */
const MIN_LAG_S = 0.5;
/** Further from the wanted lag than the first the speed changes, further behind than the second the picture jumps. */
const LAG_SLACK_S = 0.15;
const JUMP_SLACK_S = 0.5;
/** Not more often than this: a browser that decodes too slowly would do nothing but start at key frames. */
const JUMP_MS = 5000;
/** A picture that cannot be decoded is tried again from the next key frame, not more often than this. */
const REOPEN_MS = 2000;
const KEEP_S = 12;
const MAX_QUEUED_BYTES = 2 * 1024 * 1024;

export interface PlayerEvents {
  /** The first picture, or the first after a new init, is on screen. */
  onPlaying: () => void;
  /** This browser cannot play it; single pictures can still be shown. */
  onUnsupported: (codec: string) => void;
  /** A fragment arrived; `captureMs` is the capture time of its first frame. */
  onFragment: (captureMs: number) => void;
}

type MediaSourceClass = typeof MediaSource;

function mediaSourceClass(): MediaSourceClass | undefined {
  const scope = globalThis as { ManagedMediaSource?: MediaSourceClass; MediaSource?: MediaSourceClass };
  return scope.ManagedMediaSource ?? scope.MediaSource;
}

/** Plays one camera's records in a video element through MSE, close to the live edge. */
export class TilePlayer {
  private source: MediaSource | null = null;
  private url: string | null = null;
  private buffer: SourceBuffer | null = null;
  private queue: Uint8Array<ArrayBuffer>[] = [];
  private queuedBytes = 0;
  private needKey = true;
  private ticks: number | null = null;
  private lag = MIN_LAG_S;
  private jumpedAt = 0;
  private opened: { codec: string; segment: Uint8Array<ArrayBuffer>; at: number } | null = null;
  private readonly times = new CaptureTimes();

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly events: PlayerEvents,
  ) {
    video.addEventListener('playing', events.onPlaying);
    video.addEventListener('error', this.onError);
  }

  destroy(): void {
    this.video.removeEventListener('playing', this.events.onPlaying);
    this.video.removeEventListener('error', this.onError);
    this.opened = null;
    this.reset();
    this.video.removeAttribute('src');
    this.video.load();
  }

  push(record: LiveRecord): void {
    if (record.kind === 'init') this.open(record.codec, record.segment);
    else if (record.kind === 'gap') this.needKey = true;
    else if (record.kind === 'fragment') this.append(record.key, record.captureUs, record.segment);
  }

  /** Stays this far behind the newest frame, so that the boxes of the frame on screen are there. */
  setLag(seconds: number): void {
    this.lag = Math.max(seconds, MIN_LAG_S);
  }

  /** Capture time (UTC ms) of the frame at `mediaTime`, or null. */
  captureAt(mediaTime: number): number | null {
    return this.times.at(mediaTime);
  }

  private reset(): void {
    this.source = null;
    this.buffer = null;
    this.queue = [];
    this.queuedBytes = 0;
    this.needKey = true;
    this.times.clear();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  private readonly onError = (): void => {
    const { opened } = this;
    if (opened && this.source && Date.now() - opened.at > REOPEN_MS) this.open(opened.codec, opened.segment);
  };

  private open(codec: string, segment: Uint8Array<ArrayBuffer>): void {
    this.reset();
    this.opened = { codec, segment, at: Date.now() };
    const type = `video/mp4; codecs="${codec}"`;
    const Source = mediaSourceClass();
    if (segment.length === 0 || !Source?.isTypeSupported(type)) {
      this.events.onUnsupported(codec);
      return;
    }
    const source = new Source();
    this.source = source;
    this.ticks = timescale(segment);
    this.queue = [segment];
    source.addEventListener('sourceopen', () => {
      if (this.source !== source) return;
      try {
        this.buffer = source.addSourceBuffer(type);
      } catch {
        this.events.onUnsupported(codec);
        return;
      }
      this.buffer.addEventListener('updateend', () => this.pump());
      this.pump();
    });
    this.video.disableRemotePlayback = true;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
  }

  private append(key: boolean, captureUs: number, segment: Uint8Array<ArrayBuffer>): void {
    this.events.onFragment(captureUs / 1000);
    if (this.video.error) this.onError();
    if (!this.source || (this.needKey && !key)) return;
    this.needKey = false;
    const shown = this.ticks === null ? null : showTime(segment);
    if (shown !== null && this.ticks !== null) this.times.add(shown / this.ticks, captureUs / 1000);
    this.queue.push(segment);
    this.queuedBytes += segment.length;
    if (this.queuedBytes > MAX_QUEUED_BYTES) {
      this.queue = [];
      this.queuedBytes = 0;
      this.needKey = true;
    }
    this.pump();
  }

  private pump(): void {
    const { buffer, video } = this;
    if (!buffer || buffer.updating || this.source?.readyState !== 'open') return;
    this.follow();
    const start = buffer.buffered.length > 0 ? buffer.buffered.start(0) : 0;
    try {
      if (video.currentTime - start > KEEP_S) {
        buffer.remove(0, video.currentTime - KEEP_S / 2);
        return;
      }
      const next = this.queue.shift();
      if (!next) return;
      this.queuedBytes = Math.max(0, this.queuedBytes - next.length);
      buffer.appendBuffer(next);
    } catch {
      // Full, or broken by a bad segment: start over at the next key frame.
      this.queue = [];
      this.needKey = true;
    }
  }

  /** Keeps the picture near the live edge: a little faster when behind, a jump when far behind or before a hole. */
  private follow(): void {
    const { buffered } = this.buffer ?? {};
    const { video } = this;
    if (!buffered || buffered.length === 0) return;
    const start = buffered.start(buffered.length - 1);
    const end = buffered.end(buffered.length - 1);
    const lag = end - video.currentTime;
    const late = lag - this.lag;
    // Not while what was kept for a new viewer is still being taken in.
    const far = late > JUMP_SLACK_S && this.queue.length === 0 && Date.now() - this.jumpedAt > JUMP_MS;
    if (video.currentTime < start || far || lag < -0.1) {
      video.currentTime = Math.max(start, end - this.lag);
      this.jumpedAt = Date.now();
    } else video.playbackRate = late > LAG_SLACK_S ? 1.1 : late < -LAG_SLACK_S ? 0.9 : 1;
    if (video.paused) void video.play().catch(() => undefined);
  }
}
