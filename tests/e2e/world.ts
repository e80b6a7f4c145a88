import { mkdirSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Where the tests find the server, and who they are there. */
export const base = process.env.CUSTOMERSIGHT_E2E_URL ?? '';
export const user = process.env.CUSTOMERSIGHT_E2E_USER ?? 'admin';
export const firstPassword = process.env.CUSTOMERSIGHT_E2E_PASSWORD ?? '';
export const newPassword = process.env.CUSTOMERSIGHT_E2E_NEW_PASSWORD ?? 'end to end password';
export const cameraUrl = process.env.CUSTOMERSIGHT_E2E_CAMERA ?? '';
export const mjpegCameraUrl = process.env.CUSTOMERSIGHT_E2E_CAMERA_MJPEG ?? '';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });

/** Fills the login form and, where the first password has to be changed, the next one. Ends on a page of the app. */
export async function logIn(page: Page): Promise<void> {
  await page.goto(`${base}/login`);
  await page.locator('#user').fill(user);
  // Another file of tests may have changed the first password already.
  for (const password of [firstPassword, newPassword]) {
    await page.locator('#password').fill(password);
    const answer = page.waitForResponse((response) => response.url().endsWith('/api/login'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    if ((await answer).ok()) break;
  }
  await page.waitForURL((url) => url.pathname !== '/login');
  await page.getByRole('main').waitFor();
  const me = (await (await page.request.get(`${base}/api/me`)).json()) as { user: { must_change_password: boolean } };
  if (!me.user.must_change_password) return;
  await page.getByText('Choose your own password now').waitFor();
  await page.locator('#current').fill(firstPassword);
  await page.locator('#next').fill(newPassword);
  await page.locator('#repeat').fill(newPassword);
  await page.getByRole('button', { name: 'Change password' }).click();
  // The form stands at the address of the page behind it: the frame around the pages says that it is done.
  await page.locator('a[href="#content"]').waitFor({ state: 'attached' });
}

/** Calls the server as the page's session does. */
export async function callApi<T>(page: Page, method: 'POST' | 'DELETE', path: string, data?: unknown): Promise<T> {
  const { csrf_token } = (await (await page.request.get(`${base}/api/me`)).json()) as { csrf_token: string };
  const answer = await page.request.fetch(`${base}${path}`, { method, data, headers: { 'X-CSRF-Token': csrf_token } });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return (answer.status() === 204 ? undefined : await answer.json()) as T;
}

interface Tenant {
  id: string;
  name: string;
  simulated: boolean;
  mode: string;
}

/** The tenants of the session of `page`. */
export async function tenants(page: Page): Promise<Tenant[]> {
  const me = (await (await page.request.get(`${base}/api/me`)).json()) as { tenants: Tenant[] };
  return me.tenants;
}

export async function demoTenant(page: Page): Promise<string> {
  const demo = (await tenants(page)).find((tenant) => tenant.simulated);
  if (!demo) throw new Error('the server has no demo site: start it with --demo');
  return demo.id;
}

export async function ownTenant(page: Page): Promise<string> {
  const own = (await tenants(page)).find((tenant) => !tenant.simulated);
  if (!own) throw new Error('the user has no tenant of their own');
  return own.id;
}

/** Keeps a picture of the page when the test that `run` is fails. */
export async function withPage(context: BrowserContext, name: string, run: (page: Page) => Promise<void>): Promise<void> {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  try {
    await run(page);
    if (problems.length > 0) throw new Error(`the page reported: ${problems.join('; ')}`);
  } catch (error) {
    const folder = process.env.CUSTOMERSIGHT_E2E_SHOTS;
    if (folder) {
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: `${folder}/${name.replace(/\W+/g, '-')}.png`, fullPage: true });
    }
    throw error;
  } finally {
    await page.close();
  }
}
