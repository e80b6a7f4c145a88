import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { base, callApi, cameraUrl, demoTenant, firstPassword, logIn, mjpegCameraUrl, openBrowser, ownTenant, user, withPage } from './world';

interface Visit {
  person: { id: string; name: string | null; label: string };
  started_at: string;
  last_seen_at: string;
}

/** Log in, see the demo move, a visit appears, name and merge people, add a camera. */
describe.skipIf(base === '')('the main path', () => {
  let browser: Browser;
  let context: BrowserContext;
  let demo: string;
  let own: string;

  beforeAll(async () => {
    browser = await openBrowser();
    context = await browser.newContext({ viewport: { width: 1360, height: 860 }, locale: 'en-GB' });
    await withPage(context, 'log in', async (page) => {
      await logIn(page);
      demo = await demoTenant(page);
      own = await ownTenant(page);
    });
  }, 60_000);
  afterAll(() => browser?.close());

  const on = (name: string, run: (page: Page) => Promise<void>) => test(name, () => withPage(context, name, run), 180_000);

  test('a wrong password is refused, and nothing is shown without a login', async () => {
    const stranger = await browser.newContext({ locale: 'en-GB' });
    await withPage(stranger, 'wrong password', async (page) => {
      await page.goto(`${base}/visits`);
      await page.waitForURL(/\/login\?next=/);
      await page.locator('#user').fill(user);
      await page.locator('#password').fill(`not ${firstPassword}`);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('User or password is wrong.').waitFor();
      expect((await page.request.get(`${base}/api/visits`)).status()).toBe(401);
    });
    await stranger.close();
  }, 60_000);

  on('the demo moves, with boxes', async (page) => {
    await page.goto(`${base}/live?tenant=${demo}`);
    const tile = page.getByTestId('tile').first();
    await page.waitForSelector('[data-testid=tile][data-live=true]', { timeout: 120_000 });
    const video = tile.locator('video');
    const time = () => video.evaluate((element) => (element as HTMLVideoElement).currentTime);
    const before = await time();
    await expect.poll(time, { timeout: 15_000 }).toBeGreaterThan(before + 1);
    await expect.poll(async () => Number(await tile.getAttribute('data-people')), { timeout: 90_000 }).toBeGreaterThan(0);
    const painted = await tile.locator('canvas').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return pixels.some((value) => value > 0);
    });
    expect(painted).toBe(true);
    await page.getByText('Simulated').first().waitFor();
  });

  on('a visit appears without a reload', async (page) => {
    const known = async () => {
      const answer = await page.request.get(`${base}/api/visits?tenant=${demo}&limit=1`);
      const { items } = (await answer.json()) as { items: { id: string; started_at: string }[] };
      return items[0]?.started_at ?? '';
    };
    const before = await known();
    await page.goto(`${base}/visits?tenant=${demo}`);
    await page.getByRole('heading', { name: 'Visits' }).waitFor();
    await page.evaluate(() => Object.assign(globalThis, { notReloaded: true }));
    await expect.poll(known, { timeout: 120_000 }).not.toBe(before);
    const newest = await known();
    await page.locator(`time[datetime="${newest}"]`).first().waitFor({ timeout: 3000 });
    expect(await page.evaluate(() => 'notReloaded' in globalThis)).toBe(true);
  });

  on('a person is named, and the name taken back', async (page) => {
    await page.goto(`${base}/people?tenant=${demo}&tab=unnamed`);
    const card = page.getByTestId('person').first();
    await card.waitFor({ timeout: 120_000 });
    await card.getByRole('button', { name: /^Rename/ }).click();
    const name = `Guest ${Date.now() % 100_000}`;
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
    await page.keyboard.press('Enter');
    await page.getByText(`Saved as ${name}`).waitFor();
    await page.goto(`${base}/people?tenant=${demo}&q=${encodeURIComponent(name)}`);
    await page.getByTestId('person').getByText(name).waitFor();
    await page.getByRole('button', { name: `Rename ${name}` }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('');
    await page.keyboard.press('Enter');
    await page.getByText('Name removed').waitFor();
    await page.getByRole('button', { name: /^Undo \(/ }).click();
    await page.getByTestId('person').getByText(name).waitFor();
  });

  on('two people are joined and separated again', async (page) => {
    const people = async () => {
      const answer = await page.request.get(`${base}/api/people?tenant=${demo}&limit=200`);
      return ((await answer.json()) as { items: { id: string; visits: number }[] }).items;
    };
    // Who was seen together is two people for ever: a pair that was not is wanted.
    const apart = async () => {
      const answer = await page.request.get(`${base}/api/visits?tenant=${demo}&limit=200`);
      const { items } = (await answer.json()) as { items: Visit[] };
      const together = (a: Visit, b: Visit) => a.started_at <= b.last_seen_at && b.started_at <= a.last_seen_at;
      const met = (a: Visit, b: Visit) =>
        items.some((one) => one.person.id === a.person.id && items.some((two) => two.person.id === b.person.id && together(one, two)));
      return items.flatMap((a) => items.filter((b) => a.person.id !== b.person.id && !met(a, b)).map((b) => [a.person, b.person]))[0];
    };
    await expect.poll(async () => (await apart()) !== undefined, { timeout: 150_000 }).toBe(true);
    const pair = (await apart()) ?? [];
    await page.goto(`${base}/people?tenant=${demo}`);
    for (const { name, label } of pair) {
      const card = page.getByTestId('person').filter({ has: page.getByText(name ?? label, { exact: true }) });
      await card.getByRole('checkbox').check({ force: true });
    }
    await page.getByRole('button', { name: 'Join the two' }).click();
    await page.getByText(/ joined with /).waitFor();
    const ids = async () => new Set((await people()).map((person) => person.id));
    const gone = async () => {
      const now = await ids();
      return pair.filter((person) => !now.has(person.id)).length;
    };
    await expect.poll(gone).toBe(1);
    await page.getByRole('button', { name: /^Undo \(/ }).click();
    await expect.poll(gone).toBe(0);
  });

  on('a camera is tested, added, stopped and deleted', async (page) => {
    const name = `Side door ${Date.now() % 100_000}`;
    await page.goto(`${base}/cameras?tenant=${own}&form=new`);
    await page.locator('#name').fill(name);
    if (cameraUrl !== '') {
      await page.locator('#url').fill(cameraUrl);
    } else {
      await page.locator('#kind').click();
      await page.getByTitle('Test pattern').click();
      await page.locator('#url').fill('testsrc2=size=640x360:rate=10');
    }
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByTestId('test-result').waitFor({ timeout: 30_000 });
    await page.getByRole('dialog').getByRole('button', { name: 'Add camera' }).click();
    const card = page.getByTestId('camera').filter({ hasText: name });
    await card.waitFor();
    await expect.poll(() => card.innerText(), { timeout: 30_000 }).toContain('Live');
    await card.getByRole('button', { name: 'Stop' }).click();
    await card.getByText('Camera is off').waitFor();
    await card.getByRole('button', { name: `Actions for ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await card.waitFor({ state: 'detached' });
  });

  on('a camera whose video no browser plays is shown picture by picture', async (page) => {
    const source = mjpegCameraUrl === '' ? { kind: 'lavfi', url: 'testsrc2=size=640x360:rate=10' } : { kind: 'rtsp', url: mjpegCameraUrl };
    const camera = await callApi<{ id: string }>(page, 'POST', `/api/cameras?tenant=${own}`, { name: `Back door ${Date.now() % 100_000}`, ...source });
    await page.goto(`${base}/live/${camera.id}?tenant=${own}`);
    const tile = page.getByTestId('tile');
    await tile.getByText('Picture by picture').waitFor({ timeout: 20_000 });
    const picture = tile.locator('img');
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth), { timeout: 10_000 }).toBeGreaterThan(0);
    const look = async () => (await picture.screenshot()).toString('base64');
    const before = await look();
    await expect.poll(look, { timeout: 10_000 }).not.toBe(before);
    await callApi(page, 'DELETE', `/api/cameras/${camera.id}?tenant=${own}`);
  });

  on('a company that counts says what it does not measure', async (page) => {
    const policy = (await (await page.request.get(`${base}/api/policy?tenant=${own}`)).json()) as { mode: string };
    await page.goto(`${base}/visits?tenant=${own}`);
    const notice = page.getByText('Visits are not measured in this mode');
    if (policy.mode === 'count') await notice.waitFor();
    else expect(await notice.count()).toBe(0);
  });
});
