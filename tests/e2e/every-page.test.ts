import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { base, demoTenant, logIn, openBrowser, withPage } from './world';

/** `{…}` is the id of one of the demo's. */
const PAGES = [
  '/live', '/live/{camera}', '/now', '/visits', '/visits?visit={visit}', '/people', '/people?person={person}', '/cameras', '/cameras?form=new', '/cameras/{camera}/line', '/privacy',
];
const SIDE_PAGES = ['/settings/models', '/settings/site', '/settings/password', '/about'];
const axeSource = readFileSync(createRequire(process.env.npm_package_json ?? import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** Nothing sticks out of the page, axe finds nothing on it. */
async function look(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
  await page.waitForTimeout(500);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, 'pixels wider than the screen').toBeLessThanOrEqual(0);
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run: (context: object, options: object) => Promise<{ violations: Violation[] }> } }).axe;
    const result = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    return result.violations.map((violation) => ({ id: violation.id, nodes: violation.nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`) }));
  });
  expect(violations).toEqual([]);
}

/** The pages on a desktop and a telephone, light and dark: nothing sticks out, axe finds nothing. */
describe.skipIf(base === '').each([
  ['desktop, light', { width: 1360, height: 860 }, 'light', PAGES],
  ['phone, dark', { width: 375, height: 780 }, 'dark', [...PAGES, ...SIDE_PAGES]],
] as const)('every page, %s', (label, viewport, colorScheme, pages) => {
  let browser: Browser;
  let context: BrowserContext;
  let demo: string;
  const ids = { camera: '', visit: '', person: '' };

  beforeAll(async () => {
    browser = await openBrowser();
    context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' });
    await withPage(context, 'log in', async (page) => {
      await logIn(page);
      demo = await demoTenant(page);
      const first = async (list: string): Promise<{ id: string; person?: { id: string } } | undefined> => {
        const answer = (await (await page.request.get(`${base}/api/${list}?tenant=${demo}&limit=1`)).json()) as { items: { id: string }[] } | { id: string }[];
        return Array.isArray(answer) ? answer[0] : answer.items[0];
      };
      const camera = await first('cameras');
      let visit = await first('visits');
      for (; !visit; visit = await first('visits')) await page.waitForTimeout(500);
      Object.assign(ids, { camera: camera?.id, visit: visit.id, person: visit.person?.id });
    });
  }, 160_000);
  afterAll(() => browser?.close());

  test.each([...pages])('%s', async (name) => {
    const path = name.replace(/\{(\w+)\}/, (_all, kind: keyof typeof ids) => ids[kind]);
    await withPage(context, `${label} ${name}`, async (page) => {
      await page.goto(`${base}${path}${path.includes('?') ? '&' : '?'}tenant=${demo}`);
      await look(page);
    });
  }, 60_000);

  test('the login page', async () => {
    const stranger = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' });
    await withPage(stranger, `${label} login`, async (page) => {
      await page.goto(`${base}/login`);
      await look(page);
    });
    await stranger.close();
  }, 60_000);

  test('the keyboard reaches the content first', async () => {
    await withPage(context, `${label} keyboard`, async (page) => {
      await page.goto(`${base}/about?tenant=${demo}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('#content');
    });
  }, 60_000);
});
