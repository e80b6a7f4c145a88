// The screenshots of docs/screens: node screens.mjs FOLDER, with CUSTOMERSIGHT_E2E_URL and CUSTOMERSIGHT_E2E_PASSWORD.
// Changes the first password, waits for visits of the demo site, then goes through its pages. Faces belong to people: video and
// pictures are blurred in the browser before a screenshot is taken.
import { mkdirSync, statSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [folder] = process.argv.slice(2);
const { CUSTOMERSIGHT_E2E_URL: base, CUSTOMERSIGHT_E2E_PASSWORD: first } = process.env;
const password = 'screens of customersight';
const wantedVisits = Number(process.env.SCREENS_VISITS ?? 6);
const BLUR = 'video, img { filter: blur(13px) !important; clip-path: inset(0); }';
const MAX_BYTES = 300_000;
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const desktop = { viewport: { width: 1280, height: 800 }, locale: 'en-GB' };
const context = await browser.newContext(desktop);
const page = await context.newPage();
await page.goto(`${base}/login`);
await page.locator('#user').fill('admin');
await page.locator('#password').fill(first);
await page.getByRole('button', { name: 'Sign in' }).click();
await page.locator('#current').fill(first);
await page.locator('#next').fill(password);
await page.locator('#repeat').fill(password);
await page.getByRole('button', { name: 'Change password' }).click();
// The form stands at the address of the page behind it: the navigation around the pages says that it is done.
await page.getByRole('navigation').first().waitFor();
const me = await (await page.request.get(`${base}/api/me`)).json();
const demo = me.tenants.find((tenant) => tenant.simulated).id;
for (const end = Date.now() + 240_000; ; await page.waitForTimeout(2000)) {
  const { items } = await (await page.request.get(`${base}/api/visits?tenant=${demo}&limit=50`)).json();
  if (items.length >= wantedVisits) break;
  if (Date.now() > end) throw new Error(`only ${items.length} visits after four minutes`);
}
/** Somebody's box reaches into the middle of the picture. Runs in the page. */
const boxInTheMiddle = () => {
  const canvas = document.querySelector('[data-testid=tile][data-live=true] canvas');
  if (!canvas) return false;
  const [x, y, width, height] = [0.35, 0.6, 0.3, 0.02].map((part, index) => Math.round(part * (index % 2 === 0 ? canvas.width : canvas.height)));
  return canvas.getContext('2d').getImageData(x, y, width, height).data.some((value) => value > 0);
};
const cookies = await context.storageState();
const phone = { viewport: { width: 375, height: 780 }, deviceScaleFactor: 1.5 };
const shots = [
  ['live', '/live', {}],
  ['visits', '/visits', {}],
  ['people', '/people', { colorScheme: 'dark' }],
  ['now', '/now', {}],
  ['cameras', '/cameras', {}],
  ['privacy', '/privacy', {}],
  ['phone', '/live', { ...phone, colorScheme: 'dark' }],
  ['phone-vi', '/visits', { ...phone, locale: 'vi-VN' }],
];
for (const [name, path, options] of shots) {
  const own = await browser.newContext({ ...desktop, ...options, storageState: cookies });
  await own.addInitScript((css) => {
    document.addEventListener('DOMContentLoaded', () => document.head.append(Object.assign(document.createElement('style'), { textContent: css })));
  }, BLUR);
  const view = await own.newPage();
  await view.goto(`${base}${path}?tenant=${demo}`);
  await view.getByRole('heading', { level: 1 }).first().waitFor();
  if (path !== '/live') await view.waitForTimeout(2500);
  const sharp = await view.evaluate(() => [...document.querySelectorAll('video, img')].filter((element) => !getComputedStyle(element).filter.includes('blur')).length);
  if (sharp > 0) throw new Error(`${name}: ${sharp} pictures are not blurred`);
  const file = `${folder}/${name}.png`;
  // Taking a picture takes a moment: on Live somebody is in the middle before it and after it.
  for (let seen = false; !seen; seen = path !== '/live' || (await view.evaluate(boxInTheMiddle))) {
    if (path === '/live') await view.waitForFunction(boxInTheMiddle, null, { timeout: 120_000, polling: 100 });
    await view.screenshot({ path: file });
  }
  const { size } = statSync(file);
  console.log(`${name}.png ${Math.round(size / 1000)} kB`);
  if (size > MAX_BYTES) throw new Error(`${file} has ${size} bytes, more than ${MAX_BYTES}`);
  await own.close();
}
await browser.close();
