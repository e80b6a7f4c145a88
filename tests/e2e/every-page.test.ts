import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { base, demoTenant, logIn, openBrowser, withPage } from './world';

const PAGES = ['/live', '/now', '/visits', '/people', '/cameras?form=new', '/privacy'];
const SIDE_PAGES = ['/settings/models', '/settings/password', '/about'];
const axeSource = readFileSync(createRequire(process.env.npm_package_json ?? import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** The pages on a desktop and a telephone, light and dark: nothing sticks out, axe finds nothing. */
describe.skipIf(base === '').each([
  ['desktop, light', { width: 1360, height: 860 }, 'light', PAGES],
  ['phone, dark', { width: 375, height: 780 }, 'dark', [...PAGES, ...SIDE_PAGES]],
] as const)('every page, %s', (label, viewport, colorScheme, pages) => {
  let browser: Browser;
  let context: BrowserContext;
  let demo: string;

  beforeAll(async () => {
    browser = await openBrowser();
    context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' });
    await withPage(context, 'log in', async (page) => {
      await logIn(page);
      demo = await demoTenant(page);
    });
  }, 60_000);
  afterAll(() => browser?.close());

  test.each([...pages])('%s', async (path) => {
    await withPage(context, `${label} ${path}`, async (page) => {
      await page.goto(`${base}${path}${path.includes('?') ? '&' : '?'}tenant=${demo}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
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
    });
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
