// Takes pictures of the screens for a look at them: node dev/shots.mjs URL OUT [names…]. Every name is
// page[@phone][@dark][@lang], for example "live", "visits@phone@dark", "privacy@vi".
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, out, ...names] = process.argv.slice(2);
const user = process.env.SHOT_USER ?? 'admin';
const password = process.env.SHOT_PASSWORD ?? 'mock-password';
const paths = {
  login: '/login', live: '/live', now: '/now', wall: '/now?wall=1', visits: '/visits', people: '/people', cameras: '/cameras', add: '/cameras?form=new',
  privacy: '/privacy', settings: '/settings/models', password: '/settings/password', about: '/about',
};
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const name of names) {
  const [what, ...flags] = name.split('@');
  const phone = flags.includes('phone');
  const language = flags.find((flag) => /^(vi|es|tr)$/.test(flag)) ?? 'en';
  const context = await browser.newContext({
    viewport: phone ? { width: 375, height: 780 } : { width: 1360, height: 860 }, deviceScaleFactor: phone ? 2 : 1,
    colorScheme: flags.includes('dark') ? 'dark' : 'light', locale: language,
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.log(`${name}: page error: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && console.log(`${name}: ${message.text()}`));
  const [first, second] = what.split('+');
  if (first !== 'login') await page.request.post(`${base}/api/login`, { data: { user, password }, headers: { Origin: base } });
  const query = flags.find((flag) => flag.startsWith('?'));
  const path = paths[first] ?? first;
  await page.goto(`${base}${path}${query ? (path.includes('?') ? '&' + query.slice(1) : query) : ''}`);
  await page.waitForTimeout(first === 'live' || second ? 3500 : 1500);
  if (second === 'visit') await page.getByTestId('visit').first().click();
  if (second === 'person') await page.getByTestId('person').first().getByRole('button').first().click();
  if (second === 'form') await page.getByRole('button', { name: /turn on|change the rules/i }).first().click();
  if (second === 'test') {
    await page.locator('#name').fill('Side door');
    await page.locator('#url').fill('rtsp://viewer@192.168.10.30/stream1');
    await page.getByRole('button', { name: 'Test' }).click();
  }
  if (second === 'line') await page.getByTestId('camera').first().getByRole('link').last().click();
  if (second === 'merge') await page.getByTestId('person').nth(1).getByRole('checkbox').check();
  if (second) await page.waitForTimeout(1200);
  const full = flags.includes('full');
  await page.screenshot({ path: `${out}/${name.replace(/[^a-z0-9@+-]/gi, '_')}.png`, fullPage: full });
  await context.close();
}
await browser.close();
