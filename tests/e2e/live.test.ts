import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { base, callApi, logIn, openBrowser, ownTenant, withPage } from './world';

/** What walk-clip draws. */
const FRAME_MS = 40;
const FRAMES = 300;
const PIXELS_PER_FRAME = 12;
const FIRST_BACK = 162;

interface Sample {
  /** Number of the picture on screen, which it carries itself. */
  frame: number;
  /** UTC ms at which it is on screen. */
  shown: number;
  /** Middle of the person in the picture and middle of the box over it, pixels of the clip; null where there is none, or not all of it. */
  person: number | null;
  box: number | null;
  /** The tile says that nobody is in view. */
  nobody: boolean;
}

/** What a browser shows of the camera that is alone on the page, picture by picture, for `seconds`. Runs in the page. */
async function watch(seconds: number): Promise<Sample[]> {
  const tile = document.querySelector<HTMLElement>('[data-testid=tile]');
  const video = document.querySelector<HTMLVideoElement>('[data-testid=tile] video');
  const overlay = document.querySelector<HTMLCanvasElement>('[data-testid=tile] canvas');
  if (!tile || !video || !overlay) throw new Error('no tile');
  const [width, height, square, personWidth] = [1280, 720, 40, 146];
  const copy = new OffscreenCanvas(width, square + 8).getContext('2d', { willReadFrequently: true });
  if (!copy) throw new Error('no canvas');

  const look = () => {
    copy.drawImage(video, 0, 0, width, square, 0, 0, width, square);
    copy.drawImage(video, 0, 450, width, 8, 0, square, width, 8);
    const { data } = copy.getImageData(0, 0, width, square + 8);
    const at = (x: number, y: number, channel: number) => data[(y * width + x) * 4 + channel] ?? 0;
    let frame = 0;
    for (let bit = 0; bit < 10; bit++) if (at(square * bit + square / 2, square / 2, 1) > 128) frame |= 1 << bit;
    // The person is where the picture is not the plain wall, whatever the coding makes of its colour.
    const wall = (x: number) => [0, 1, 2].every((channel) => Math.abs(at(x, square + 4, channel) - ([0x9f, 0xae, 0x8e][channel] ?? 0)) < 24);
    let [first, last] = [-1, -1];
    for (let x = 0; x < width; x++) {
      if (wall(x)) continue;
      if (first < 0) first = x;
      last = x;
    }
    const whole = first > 4 && last < width - 5 && Math.abs(last - first + 1 - personWidth) <= 4;
    return { frame, person: whole ? (first + last + 1) / 2 : null };
  };

  /** The upright lines of the one box on the overlay: where a column is bright over at least half of what the brightest is. */
  const readBox = () => {
    const pixels = overlay.getContext('2d')?.getImageData(0, 0, overlay.width, overlay.height).data;
    if (!pixels) return null;
    const columns = Array.from({ length: overlay.width }, () => 0);
    for (let y = 0; y < overlay.height; y += 4)
      for (let x = 0; x < overlay.width; x++) {
        const at = (y * overlay.width + x) * 4;
        if ((pixels[at] ?? 0) > 150) columns[x] = (columns[x] ?? 0) + (pixels[at + 3] ?? 0);
      }
    const most = Math.max(...columns);
    if (most < 255 * 20) return null;
    const lines = columns.map((sum, x) => (sum >= most / 2 ? x + 0.5 : -1)).filter((x) => x >= 0);
    const middle = ((lines[0] ?? 0) + (lines.at(-1) ?? 0)) / 2;
    const shownWidth = Math.min(overlay.clientWidth, (overlay.clientHeight * width) / height);
    const scale = overlay.width / overlay.clientWidth;
    return ((middle / scale - (overlay.clientWidth - shownWidth) / 2) / shownWidth) * width;
  };

  const samples: Sample[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const meta = await new Promise<VideoFrameCallbackMetadata>((resolve) => video.requestVideoFrameCallback((_now, frame) => resolve(frame)));
    const seen = look();
    // The page draws its boxes in a callback of the same turn; both are over when the animation frame of the turn comes.
    const box = await new Promise<number | null>((resolve) => requestAnimationFrame(() => resolve(readBox())));
    samples.push({ ...seen, box, nobody: tile.dataset.people === '0', shown: performance.timeOrigin + meta.expectedDisplayTime });
  }
  return samples;
}

const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
const quantile = (values: number[], part: number) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;

/** How far boxes are from the person, in pictures of the clip. */
function misalignment(samples: Sample[]) {
  const walks = samples.flatMap(({ frame, person, box }) => (person === null ? [] : [{ back: frame >= FIRST_BACK, apart: box === null ? null : box - person }]));
  const apart = (back: boolean) => walks.flatMap((walk) => (walk.back === back && walk.apart !== null ? [walk.apart] : []));
  const [there, back] = [quantile(apart(false), 0.5), quantile(apart(true), 0.5)];
  // The detector's own offset is the same to both sides; being late is not.
  const own = (there + back) / 2;
  const boxed = samples.filter(({ box }) => box !== null);
  const errors = [...apart(false), ...apart(true)].map((value) => Math.abs(value - own) / PIXELS_PER_FRAME);
  return {
    pictures: walks.length,
    boxed: errors.length / walks.length,
    detector: own,
    late: (back - there) / 2 / PIXELS_PER_FRAME,
    median: quantile(errors, 0.5),
    p90: quantile(errors, 0.9),
    nobody: boxed.filter(({ nobody }) => nobody).length / boxed.length,
  };
}

/** Ages of the pictures when they were on screen, ms; `loops` are the UTC ms at which the clip began. */
function ages(samples: Sample[], loops: number[]): number[] {
  return samples.flatMap(({ frame, shown }) => {
    const sent = loops.map((begin) => begin + frame * FRAME_MS).filter((at) => at <= shown);
    return frame < FRAMES && sent.length > 0 ? [shown - Math.max(...sent)] : [];
  });
}

/** Boxes on the moving picture, and how old the picture is: with a clip whose pictures carry their number. */
describe.skipIf(base === '').each([
  ['a camera', process.env.CUSTOMERSIGHT_E2E_WALK, process.env.CUSTOMERSIGHT_E2E_WALK_LOOPS],
  ['pictures sent out of order', process.env.CUSTOMERSIGHT_E2E_WALK_REORDERED, undefined],
])('the live picture of %s', (label, url, loopsFile) => {
  let browser: Browser;
  let context: BrowserContext;
  beforeAll(async () => {
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1360, height: 1000 }, locale: 'en-GB' });
  }, 60_000);
  afterAll(() => browser?.close());

  test.skipIf(!url)(loopsFile ? 'has its boxes where the person is, and is not old' : 'has its boxes where the person is', async () => {
    await withPage(context, label, async (page: Page) => {
      await logIn(page);
      const own = await ownTenant(page);
      const kind = url?.startsWith('rtsp') ? 'rtsp' : 'file';
      const camera = await callApi<{ id: string }>(page, 'POST', `/api/cameras?tenant=${own}`, { name: label, kind, url });
      try {
        await page.goto(`${base}/live/${camera.id}?tenant=${own}`);
        await page.waitForSelector('[data-testid=tile][data-live=true]', { timeout: 60_000 });
        const samples = await page.evaluate(watch, loopsFile ? 20 : 14);
        const boxes = misalignment(samples);
        console.log(
          `boxes, ${label}: ${boxes.late.toFixed(2)} pictures late; off by ${boxes.median.toFixed(2)} pictures of ${FRAME_MS} ms in the median, ${boxes.p90.toFixed(2)} for 90 %, ` +
            `of ${boxes.pictures} pictures, ${(100 * boxes.boxed).toFixed(0)} % with a box (the detector's own offset is ${boxes.detector.toFixed(1)} px)`,
        );
        expect(boxes.pictures, 'pictures with somebody').toBeGreaterThan(100);
        expect(boxes.boxed, 'of them with a box').toBeGreaterThan(0.7);
        expect(Math.abs(boxes.late), 'pictures late').toBeLessThan(0.5);
        expect(boxes.p90, 'error of 90 %, in pictures').toBeLessThan(1);
        // The number is on screen a moment after the box.
        expect(boxes.nobody, 'of the boxes beside which it says that nobody is there').toBeLessThan(0.05);
        if (!loopsFile) return;
        const loops = [...readFileSync(loopsFile, 'utf8').matchAll(/^loop (\d+)$/gm)].map((match) => Number(match[1]) / 1000);
        const old = ages(samples, loops);
        const ms = (part: number) => `${quantile(old, part).toFixed(0)} ms`;
        console.log(`picture, ${label}: ${ms(0.5)} from the camera to the screen in the median, ${ms(0.95)} for 95 %, ${ms(1)} at most, of ${old.length} pictures`);
        expect(quantile(old, 0.5), 'ms from the camera to the screen').toBeLessThan(1500);
      } finally {
        await callApi(page, 'DELETE', `/api/cameras/${camera.id}?tenant=${own}`);
      }
    });
  }, 180_000);
});
