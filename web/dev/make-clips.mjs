// Renders the clips that dev/mock.ts streams: drawn scenes with drawn people, H.264 with one fragment per frame, and
// the boxes of every frame. Needs chromium and ffmpeg; the result stays in dev/.cache and is never committed.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const out = fileURLToPath(new URL('.cache/', import.meta.url));
mkdirSync(out, { recursive: true });
const [WIDTH, HEIGHT, FPS, SECONDS] = [960, 540, 12, 15];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
await page.setContent(`<canvas width="${WIDTH}" height="${HEIGHT}"></canvas>`);
await page.evaluate(() => {
  const canvas = document.querySelector('canvas');
  const c = canvas.getContext('2d');
  const scenes = [
    { wall: ['#cfc4b2', '#a99b86'], floor: ['#8a7560', '#5e4d3d'], door: '#e9f1f2', trim: '#6a4f38' },
    { wall: ['#8fa39a', '#6b8077'], floor: ['#5b5f63', '#3d4145'], door: '#fbe8c4', trim: '#2f3b37' },
  ];
  const people = [
    { coat: '#2f4858', hair: '#2b1d16', skin: '#c99b7b', start: 0.2, span: 6.5, from: [0.5, 0.6, 0.42], to: [0.2, 1.02, 1.02] },
    { coat: '#8c3b3b', hair: '#1c1512', skin: '#8d5f43', start: 2.2, span: 7, from: [0.46, 0.6, 0.42], to: [0.66, 1.03, 1.05] },
    { coat: '#47604b', hair: '#7d5a3a', skin: '#e0b798', start: 6.6, span: 7.4, from: [0.86, 1.02, 1], to: [0.54, 0.6, 0.42] },
    { coat: '#3b3a5c', hair: '#111', skin: '#b98058', start: 9.2, span: 5.6, from: [0.52, 0.6, 0.42], to: [0.36, 1.02, 1] },
  ];
  const mix = (a, b, t) => a + (b - a) * t;
  function scene(s) {
    const W = 960, H = 540;
    let g = c.createLinearGradient(0, 0, 0, 320);
    g.addColorStop(0, s.wall[0]); g.addColorStop(1, s.wall[1]);
    c.fillStyle = g; c.fillRect(0, 0, W, H);
    g = c.createLinearGradient(0, 320, 0, H);
    g.addColorStop(0, s.floor[0]); g.addColorStop(1, s.floor[1]);
    c.fillStyle = g; c.fillRect(0, 320, W, H);
    c.strokeStyle = 'rgb(0 0 0 / 12%)'; c.lineWidth = 1.5;
    for (let i = -14; i <= 14; i++) { c.beginPath(); c.moveTo(480 + i * 26, 320); c.lineTo(480 + i * 120, H); c.stroke(); }
    for (const y of [338, 364, 402, 456]) { c.beginPath(); c.moveTo(0, y); c.lineTo(W, y); c.stroke(); }
    c.fillStyle = s.trim; c.fillRect(392, 92, 176, 232);
    g = c.createLinearGradient(0, 100, 0, 320); g.addColorStop(0, s.door); g.addColorStop(1, '#ffffff');
    c.fillStyle = g; c.fillRect(402, 102, 156, 220);
    c.fillStyle = s.trim; c.fillRect(477, 102, 6, 220);
    c.fillStyle = 'rgb(255 250 235 / 16%)'; c.beginPath(); c.moveTo(402, 322); c.lineTo(558, 322); c.lineTo(760, H); c.lineTo(220, H); c.fill();
    for (const x of [70, 220, 650, 800]) {
      c.fillStyle = 'rgb(0 0 0 / 18%)'; c.fillRect(x + 4, 124, 98, 124);
      c.fillStyle = s.trim; c.fillRect(x, 118, 98, 124);
      c.fillStyle = s.wall[0]; c.fillRect(x + 8, 126, 82, 108);
    }
    c.fillStyle = s.trim; c.beginPath(); c.ellipse(140, 402, 92, 20, 0, 0, 7); c.fill(); c.fillRect(133, 402, 14, 96);
    c.beginPath(); c.ellipse(846, 414, 84, 19, 0, 0, 7); c.fill(); c.fillRect(839, 414, 14, 90);
  }
  function person(p, x, y, size, phase) {
    const h = 330 * size, u = h / 100, step = Math.sin(phase) * 5 * u;
    c.save(); c.translate(x, y);
    c.fillStyle = 'rgb(0 0 0 / 22%)'; c.beginPath(); c.ellipse(0, 0, 17 * u, 4 * u, 0, 0, 7); c.fill();
    c.lineCap = 'round'; c.strokeStyle = '#25282b'; c.lineWidth = 8 * u;
    c.beginPath(); c.moveTo(-4 * u, -45 * u); c.lineTo(-4 * u - step, -3 * u); c.moveTo(4 * u, -45 * u); c.lineTo(4 * u + step, -3 * u); c.stroke();
    c.fillStyle = p.coat; c.beginPath(); c.roundRect(-13 * u, -83 * u, 26 * u, 46 * u, [11 * u, 11 * u, 5 * u, 5 * u]); c.fill();
    c.strokeStyle = p.coat; c.lineWidth = 7 * u; c.beginPath();
    c.moveTo(-12 * u, -76 * u); c.lineTo(-15 * u + step, -47 * u); c.moveTo(12 * u, -76 * u); c.lineTo(15 * u - step, -47 * u); c.stroke();
    c.fillStyle = p.skin; c.fillRect(-3 * u, -88 * u, 6 * u, 8 * u);
    c.beginPath(); c.ellipse(0, -93 * u, 6.500 * u, 8 * u, 0, 0, 7); c.fill();
    c.fillStyle = p.hair; c.beginPath(); c.ellipse(0, -97 * u, 7.200 * u, 5.600 * u, 0, Math.PI, 0); c.fill();
    c.restore();
    return { x0: (x - 18 * u) / 960, y0: (y - 103 * u) / 540, x1: (x + 18 * u) / 960, y1: (y + 1.500 * u) / 540 };
  }
  globalThis.frame = (which, t) => {
    scene(scenes[which]);
    const boxes = [];
    people.map((p, index) => ({ p, index, part: (t - p.start) / p.span })).filter((v) => v.part > 0 && v.part < 1)
      .map((v) => { const e = v.part * v.part * (3 - 2 * v.part); return { ...v, y: mix(v.p.from[1], v.p.to[1], e), x: mix(which ? 1 - v.p.from[0] : v.p.from[0], which ? 1 - v.p.to[0] : v.p.to[0], e), s: mix(v.p.from[2], v.p.to[2], e) }; })
      .sort((a, b) => a.y - b.y)
      .forEach((v) => { const b = person(v.p, v.x * 960, v.y * 540, v.s, t * 7 + v.index); boxes.push({ person: v.index, x0: Math.max(0, b.x0), y0: Math.max(0, b.y0), x1: Math.min(1, b.x1), y1: Math.min(1, b.y1) }); });
    return { boxes, jpeg: canvas.toDataURL('image/jpeg', 0.92) };
  };
});

for (const which of [0, 1]) {
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-y', '-f', 'image2pipe', '-c:v', 'mjpeg', '-framerate', String(FPS), '-i', '-',
    '-c:v', 'libx264', '-preset', 'fast', '-profile:v', 'main', '-pix_fmt', 'yuv420p', '-g', String(FPS), '-bf', '0', '-crf', '24',
    '-movflags', 'empty_moov+default_base_moof+frag_every_frame', `${out}clip${which}.mp4`], { stdio: ['pipe', 'inherit', 'inherit'] });
  const truth = [];
  for (let index = 0; index < FPS * SECONDS; index++) {
    const { boxes, jpeg } = await page.evaluate(([w, t]) => globalThis.frame(w, t), [which, index / FPS]);
    truth.push(boxes);
    const bytes = Buffer.from(jpeg.slice(jpeg.indexOf(',') + 1), 'base64');
    if (index === FPS * 4) writeFileSync(`${out}still${which}.jpg`, bytes);
    if (!ffmpeg.stdin.write(bytes)) await new Promise((resolve) => ffmpeg.stdin.once('drain', resolve));
  }
  ffmpeg.stdin.end();
  await new Promise((resolve) => ffmpeg.on('close', resolve));
  writeFileSync(`${out}clip${which}.json`, JSON.stringify({ fps: FPS, frames: truth }));
}
await browser.close();
