import { useEffect, useRef, useState, type RefObject } from 'react';
import type { Camera, Schemas } from '../../api/client';
import { useFeed, useHub } from '../../api/feed';
import { useScope } from '../../app/scope';
import { BoxTimeline } from './boxes';
import { drawBoxes, type DrawStyle } from './draw';
import { BoxLag } from './lag';
import { TilePlayer } from './player';

/** Without a new picture for this long a tile shows its state, never the last picture. */
export const STALE_MS = 3000;
export interface TileView {
  /** How pictures come: by the camera's own video, one by one, or not (yet). */
  playing: 'video' | 'pictures' | 'nothing';
  /** Codec this browser cannot play. */
  unsupported: string | null;
  /** Seconds since the picture last moved, when there has been none for too long. */
  staleSeconds: number | null;
  /** How many are in view; null when that is not known. */
  people: number | null;
}

const NOTHING: TileView = { playing: 'nothing', unsupported: null, staleSeconds: null, people: null };

/** Watches one camera: plays it, draws the boxes of the frame on screen, says when there is no picture. */
export function useTile(
  camera: Camera,
  video: RefObject<HTMLVideoElement | null>,
  canvas: RefObject<HTMLCanvasElement | null>,
  style: DrawStyle,
  showBoxes: boolean,
): TileView {
  const hub = useHub();
  const { tenant } = useScope();
  const [view, setView] = useState<TileView>(NOTHING);
  const boxes = useRef(new BoxTimeline());
  const drawing = useRef({ style, showBoxes, aspect: 16 / 9, reduced: false });
  const onBoxes = useRef<(capturedMs: number) => void>(() => undefined);
  const aspect = camera.video ? camera.video.width / camera.video.height : 16 / 9;
  useEffect(() => {
    drawing.current = { style, showBoxes, aspect, reduced: camera.reduced === true };
  });

  useFeed((item) => {
    if (item.event !== 'boxes') return;
    const news = item.data as Schemas['Boxes'];
    if (news.camera_id !== camera.id) return;
    const capturedMs = Date.parse(news.captured_at);
    boxes.current.add(capturedMs, news.boxes);
    onBoxes.current(capturedMs);
  });

  const watched = camera.enabled;
  useEffect(() => {
    const element = video.current;
    if (!element || !watched) return;
    let lastPicture = Date.now();
    let lastTime = 0;
    let newestCapture: number | null = null;
    const lag = new BoxLag();
    let frameRequest = 0;
    let playing: TileView['playing'] = 'nothing';
    let counted: number | null = null;
    boxes.current = new BoxTimeline();
    const change = (part: Partial<TileView>) =>
      setView((before) => {
        const next = { ...before, ...part };
        return Object.entries(next).every(([name, value]) => before[name as keyof TileView] === value) ? before : next;
      });

    const player = new TilePlayer(element, {
      onPlaying: () => {
        playing = 'video';
        change({ playing, staleSeconds: null });
      },
      onUnsupported: (codec) => {
        playing = 'pictures';
        change({ playing, unsupported: codec });
      },
      onFragment: (captureMs) => {
        newestCapture = captureMs;
      },
    });
    onBoxes.current = (capturedMs) => {
      if (newestCapture === null) return;
      lag.add(capturedMs, newestCapture);
      player.setLag(lag.seconds);
    };
    const count = (people: number | null) => {
      if (people === counted) return;
      counted = people;
      change({ people });
    };
    // The number changes with the boxes: never "nobody in view" beside somebody's box.
    const draw = (captureMs: number | null) => {
      const target = canvas.current;
      if (!target) return;
      const shown = captureMs === null ? [] : boxes.current.at(captureMs);
      drawBoxes(target, drawing.current.showBoxes ? shown : [], drawing.current.aspect, drawing.current.style);
      count(captureMs === null ? null : boxes.current.people(captureMs, drawing.current.reduced));
    };
    const onFrame = (_now: number, frame: VideoFrameCallbackMetadata) => {
      frameRequest = element.requestVideoFrameCallback(onFrame);
      draw(player.captureAt(frame.mediaTime));
    };
    frameRequest = element.requestVideoFrameCallback(onFrame);

    const unwatch = hub.watch(tenant.id, camera.id, (record) => player.push(record));
    const timer = setInterval(() => {
      // What moves on screen counts, not what arrives: a picture that cannot be decoded is not live either.
      if (element.currentTime !== lastTime || document.hidden) lastPicture = Date.now();
      lastTime = element.currentTime;
      const silence = Date.now() - lastPicture;
      const stale = silence > STALE_MS;
      // Single pictures carry no capture time: the newest boxes are the right ones.
      if (playing === 'pictures') draw(boxes.current.newest());
      else if (stale) count(null);
      change({ staleSeconds: stale && playing !== 'pictures' ? Math.round(silence / 1000) : null });
    }, 500);
    return () => {
      clearInterval(timer);
      unwatch();
      onBoxes.current = () => undefined;
      element.cancelVideoFrameCallback(frameRequest);
      player.destroy();
      setView(NOTHING);
    };
  }, [hub, tenant.id, camera.id, watched, video, canvas]);
  return watched ? view : NOTHING;
}
