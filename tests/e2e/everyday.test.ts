import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { base, demoTenant, logIn, newPassword, openBrowser, user, withPage } from './world';

/** How long a page of Live stays open, s: long enough for a look in every run, set it to minutes for a real one. */
const OPEN_SECONDS = Number(process.env.CUSTOMERSIGHT_E2E_OPEN_SECONDS ?? 14);
const SAMPLES = 8;

/** A long list, the keyboard alone, a page that is left open. */
describe.skipIf(base === '')('every day', () => {
  let browser: Browser;
  let context: BrowserContext;
  let demo: string;
  beforeAll(async () => {
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1360, height: 860 }, locale: 'en-GB' });
    await withPage(context, 'log in', async (page) => {
      await logIn(page);
      demo = await demoTenant(page);
    });
  }, 60_000);
  afterAll(() => browser?.close());

  const newest = async (page: Page, limit: number) => {
    const answer = await page.request.get(`${base}/api/visits?tenant=${demo}&limit=${limit}`);
    const { items } = (await answer.json()) as { items: { id: string; visit_number: number }[] };
    expect(items.every((visit) => visit.visit_number >= 1)).toBe(true);
    return items.map(({ id }) => id);
  };
  const shown = (page: Page) =>
    page.locator('ol [data-testid=visit]').evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).searchParams.get('visit')));

  test('the keyboard alone logs in, opens a visit and renames a person', async () => {
    const other = await browser.newContext({ viewport: { width: 1360, height: 860 }, locale: 'en-GB', reducedMotion: 'reduce' });
    await withPage(other, 'keyboard', async (page) => {
      const { keyboard } = page;
      /** Tab, until what has the focus is `wanted`: its text or label; it has to be visible there. */
      const tabTo = async (wanted: RegExp) => {
        for (let step = 0; step < 80; step++) {
          await keyboard.press('Tab');
          const { name, seen } = await page.evaluate(() => {
            const element = document.activeElement as HTMLElement | null;
            const box = element?.getBoundingClientRect();
            return {
              name: element?.getAttribute('aria-label') ?? (element?.textContent?.trim() || element?.id) ?? '',
              seen: !!box && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
            };
          });
          if (!wanted.test(name)) continue;
          expect(seen, `${name} can be seen`).toBe(true);
          return;
        }
        throw new Error(`80 times Tab did not reach ${wanted.source}`);
      };
      await page.goto(`${base}/login`);
      await page.locator('#user').waitFor();
      if (!(await page.locator('#user').evaluate((field) => field === document.activeElement))) await tabTo(/^user$/);
      await keyboard.type(user);
      await tabTo(/^password$/);
      await keyboard.type(newPassword);
      await keyboard.press('Enter');
      await page.getByRole('navigation').first().waitFor();
      await page.goto(`${base}/now?tenant=${demo}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await tabTo(/^Visits$/);
      await keyboard.press('Enter');
      await page.getByTestId('visit').first().waitFor();
      await tabTo(/Visitor \d+|still here/);
      await keyboard.press('Enter');
      await page.getByRole('dialog').getByText('Seen on').waitFor();
      await keyboard.press('Tab');
      expect(await page.evaluate(() => !!document.activeElement?.closest('[role=dialog]')), 'the focus is in the visit').toBe(true);
      await keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      await page.goto(`${base}/now?tenant=${demo}`);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await tabTo(/^People$/);
      await keyboard.press('Enter');
      await page.getByTestId('person').first().waitFor();
      await tabTo(/^Rename Visitor/);
      await keyboard.press('Enter');
      const name = `Keyboard ${Date.now() % 100_000}`;
      await keyboard.type(name);
      await keyboard.press('Enter');
      await page.getByText(`Saved as ${name}`).waitFor();
    });
    await other.close();
  }, 120_000);

  test('who wants no motion chooses from a list, and opens and closes a visit', async () => {
    const other = await browser.newContext({ viewport: { width: 1360, height: 860 }, locale: 'en-GB', reducedMotion: 'reduce', storageState: await context.storageState() });
    await withPage(other, 'no motion', async (page) => {
      await page.goto(`${base}/visits?tenant=${demo}`);
      await page.getByRole('combobox', { name: 'Range' }).click();
      // Where nobody sees it, it cannot be clicked.
      await page.locator('.ant-select-item-option', { hasText: '30 days' }).click({ timeout: 5000 });
      await page.waitForURL(/range=month/);
      await page.locator('ol [data-testid=visit]').first().click();
      await page.getByRole('dialog').getByText('Seen on').waitFor();
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    });
    await other.close();
  }, 60_000);

  test('Live left open does not grow', async () => {
    await withPage(context, 'left open', async (page) => {
      await page.goto(`${base}/live?tenant=${demo}`);
      await page.waitForSelector('[data-testid=tile][data-live=true]', { timeout: 60_000 });
      const session = await context.newCDPSession(page);
      await session.send('HeapProfiler.enable');
      const heap: number[] = [];
      let buffered = 0;
      for (let index = 0; index <= SAMPLES; index++) {
        await page.waitForTimeout((OPEN_SECONDS * 1000) / (SAMPLES + 1));
        await session.send('HeapProfiler.collectGarbage');
        heap.push((await session.send('Runtime.getHeapUsage')).usedSize / 1e6);
        buffered = await page.locator('video').evaluate((element) => {
          const ranges = (element as HTMLVideoElement).buffered;
          return ranges.length === 0 ? 0 : ranges.end(ranges.length - 1) - ranges.start(0);
        });
      }
      console.log(`Live left open for ${OPEN_SECONDS} s: ${heap.map((size) => size.toFixed(2)).join(' ')} MB in use, ${buffered.toFixed(0)} s of video kept`);
      // The first third is what the page reads and fills once; after it nothing is added.
      const [early, late] = [heap.slice(3, 6), heap.slice(6)].map((part) => Math.min(...part));
      expect((late ?? NaN) - (early ?? NaN), 'MB that were added').toBeLessThan(1);
      expect(buffered, 'seconds of video that are kept').toBeLessThan(30);
    });
  }, (OPEN_SECONDS + 120) * 1000);

  test('more visits are loaded, and a new one comes to them without a page being read again', async () => {
    await withPage(context, 'load more', async (page) => {
      await expect.poll(async () => (await newest(page, 20)).length, { timeout: 150_000 }).toBeGreaterThanOrEqual(6);
      let [further, asked] = [0, 0];
      // The real pages of the server, two visits long.
      await page.route(/\/api\/visits\?.*limit=48/, (route) => {
        if (route.request().url().includes('cursor=')) further++;
        asked = Date.now();
        return route.continue({ url: route.request().url().replace('limit=48', 'limit=2') });
      });
      await page.goto(`${base}/visits?tenant=${demo}`);
      for (const count of [4, 6]) {
        await page.getByRole('button', { name: 'Load more' }).click();
        await expect.poll(async () => (await shown(page)).length).toBeGreaterThanOrEqual(count);
      }
      const loaded = (await shown(page)).length;
      // A visit that came while a page was on its way has the list read once more.
      await expect.poll(() => Date.now() - asked, { timeout: 30_000 }).toBeGreaterThan(1500);
      further = 0;
      const before = await newest(page, 1);
      await expect.poll(() => newest(page, 1), { timeout: 90_000 }).not.toEqual(before);
      await expect.poll(async () => (await shown(page))[0], { timeout: 3000 }).not.toBe(before[0]);
      expect((await shown(page)).length).toBeGreaterThan(loaded);
      // The server may have one more by the time it is asked, also of an earlier start: the list follows.
      await expect
        .poll(async () => (await newest(page, (await shown(page)).length)).join() === (await shown(page)).join(), { timeout: 15_000 })
        .toBe(true);
      expect(further, 'further pages that were read again').toBe(0);
    });
  }, 300_000);
});
