// The screenshots of docs/screens: node screens.mjs FOLDER, with CUSTOMERSIGHT_E2E_URL and CUSTOMERSIGHT_E2E_PASSWORD.
// Changes the first password, waits for visits of the demo site, then goes through its pages.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [folder] = process.argv.slice(2);
const { CUSTOMERSIGHT_E2E_URL: base, CUSTOMERSIGHT_E2E_PASSWORD: first } = process.env;
const password = 'screens of customersight';
const wantedVisits = Number(process.env.SCREENS_VISITS ?? 6);
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const desktop = { viewport: { width: 1360, height: 860 }, locale: 'en-GB' };
const context = await browser.newContext(desktop);
const page = await context.newPage();
await page.goto(`${base}/login`);
await page.screenshot({ path: `${folder}/login.png` });
await page.locator('#user').fill('admin');
await page.locator('#password').fill(first);
await page.getByRole('button', { name: 'Sign in' }).click();
await page.locator('#current').fill(first);
await page.locator('#next').fill(password);
await page.locator('#repeat').fill(password);
await page.getByRole('button', { name: 'Change password' }).click();
await page.waitForURL((url) => url.pathname.startsWith('/live'));
const me = await (await page.request.get(`${base}/api/me`)).json();
const demo = me.tenants.find((tenant) => tenant.simulated).id;
for (const end = Date.now() + 240_000; ; await page.waitForTimeout(2000)) {
  const { items } = await (await page.request.get(`${base}/api/visits?tenant=${demo}&limit=50`)).json();
  if (items.length >= wantedVisits) break;
  if (Date.now() > end) throw new Error(`only ${items.length} visits after four minutes`);
}
const cookies = await context.storageState();
const shots = [
  ['live', '/live', {}], ['live-dark', '/live', { colorScheme: 'dark' }], ['now', '/now', {}], ['visits', '/visits', {}], ['people', '/people', {}],
  ['cameras', '/cameras', {}], ['privacy', '/privacy', {}], ['models', '/settings/models', {}],
  ['visits-phone', '/visits', { viewport: { width: 375, height: 780 }, deviceScaleFactor: 2 }],
  ['live-phone', '/live', { viewport: { width: 375, height: 780 }, deviceScaleFactor: 2, colorScheme: 'dark' }],
];
for (const [name, path, options] of shots) {
  const own = await browser.newContext({ ...desktop, ...options, storageState: cookies });
  const view = await own.newPage();
  await view.goto(`${base}${path}?tenant=${demo}`);
  if (path === '/live') await view.waitForSelector('[data-testid=tile][data-live=true]:not([data-people="0"])', { timeout: 90_000 }).catch(() => undefined);
  await view.waitForTimeout(2000);
  await view.screenshot({ path: `${folder}/${name}.png` });
  console.log(`${name}.png`);
  await own.close();
}
await browser.close();
