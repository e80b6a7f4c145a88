import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { writeInit, writeRecord } from '../src/features/live/records.ts';

interface Clip {
  init: Uint8Array;
  fragments: { bytes: Uint8Array; key: boolean }[];
  fps: number;
  boxes: { person: number; x0: number; y0: number; x1: number; y1: number }[][];
  still: Uint8Array;
}

const cache = new URL('.cache/', import.meta.url);

/** The clip that dev/make-clips.mjs rendered, cut into its init segment and one fragment per frame. */
function loadClip(which: number): Clip | null {
  const file = new URL(`clip${which}.mp4`, cache);
  if (!existsSync(file)) return null;
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const truth = JSON.parse(readFileSync(new URL(`clip${which}.json`, cache), 'utf8')) as { fps: number; frames: Clip['boxes'] };
  const init: Uint8Array[] = [];
  const fragments: Clip['fragments'] = [];
  let moof: Uint8Array | null = null;
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const box = bytes.subarray(at, at + size);
    if (type === 'ftyp' || type === 'moov') init.push(box);
    else if (type === 'moof') moof = box;
    else if (type === 'mdat' && moof) fragments.push({ bytes: Buffer.concat([moof, box]), key: fragments.length % truth.fps === 0 });
    at += size;
  }
  return { init: Buffer.concat(init), fragments, fps: truth.fps, boxes: truth.frames, still: new Uint8Array(readFileSync(new URL(`still${which}.jpg`, cache))) };
}

const clips = [loadClip(0), loadClip(1)];
const started = Date.now();

export const clipOf = (index: number): Clip | null => clips[index % clips.length] ?? null;

/** The frame of the looped clip at `now`, and when it was "captured". */
export function frameAt(clip: Clip, now: number): { index: number; loop: number; captured: number } {
  const total = Math.floor(((now - started) * clip.fps) / 1000);
  return { index: total % clip.fragments.length, loop: Math.floor(total / clip.fragments.length), captured: started + (total * 1000) / clip.fps };
}

export interface LiveTile {
  clip: Clip | null;
  state: string;
  reason: string | null;
}

/** Streams the tiles as GET /api/live does, until the client goes. */
export function streamLive(response: ServerResponse, tiles: LiveTile[]): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
  const sent = tiles.map((tile, index) => {
    const state = new TextEncoder().encode(JSON.stringify({ state: tile.state, reason: tile.reason }));
    response.write(writeRecord(4, 0, index, Date.now() * 1000, state));
    return { loop: -1, index: -1 };
  });
  const timer = setInterval(() => {
    tiles.forEach((tile, number) => {
      const last = sent[number];
      if (!tile.clip || !last || tile.state !== 'streaming') return;
      const now = frameAt(tile.clip, Date.now());
      if (now.loop !== last.loop) {
        response.write(writeInit(number, 'avc1.4d401f', tile.clip.init));
        last.loop = now.loop;
        last.index = Math.floor(now.index / tile.clip.fps) * tile.clip.fps - 1;
      }
      while (last.index < now.index) {
        last.index++;
        const fragment = tile.clip.fragments[last.index];
        if (!fragment) break;
        const captured = now.captured - ((now.index - last.index) * 1000) / tile.clip.fps;
        response.write(writeRecord(2, fragment.key ? 1 : 0, number, Math.round(captured * 1000), fragment.bytes));
      }
    });
  }, 60);
  response.on('close', () => clearInterval(timer));
}
