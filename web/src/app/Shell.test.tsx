import { onlineManager, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { MemoryRouter, Route, Routes } from 'react-router';
import { api, ApiError, type Me } from '../api/client';
import { HubProvider } from '../api/feed';
import { LoginPage } from '../features/login/LoginPage';
import { startI18n } from '../i18n';
import { createQueryClient } from './AppRoot';
import { ME_KEY } from './session';
import { Shell } from './Shell';

const me = (must_change_password: boolean): Me => ({
  user: { id: 'u', name: 'admin', role: 'admin', must_change_password },
  csrf_token: 'c', expires_at: '2030-01-01T00:00:00Z', tenants: [],
});

/** What the server answers to every GET from now on; null: it does not answer. */
function serverAnswers(status: number | null, data?: unknown) {
  const answers = { data, error: { type: 'urn:customersight:some', title: 'no' }, response: new Response(null, { status: status ?? 200 }) };
  return vi.spyOn(api, 'GET').mockImplementation(() => (status === null ? Promise.reject(new TypeError('away')) : Promise.resolve(answers as never)));
}
const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

function show(known: Me | undefined) {
  const client = createQueryClient();
  if (known) client.setQueryData(ME_KEY, known);
  render(
    <MemoryRouter initialEntries={['/visits']}>
      <QueryClientProvider client={client}>
        <HubProvider>
          <Routes>
            <Route element={<Shell />}>
              <Route path="visits" element={<p>the page</p>} />
            </Route>
            <Route path="login" element={<LoginPage />} />
          </Routes>
        </HubProvider>
      </QueryClientProvider>
    </MemoryRouter>,
  );
  return client;
}

beforeAll(startI18n);
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  onlineManager.setOnline(true);
});

test('a password made by the program is changed before anything is asked for', () => {
  const get = serverAnswers(200, {});
  show(me(true));
  expect(screen.getByText(/Choose your own password now/)).toBeTruthy();
  expect(screen.queryByText('the page')).toBeNull();
  expect(get).not.toHaveBeenCalled();
}, 30_000);

test('a refusal that asks for another password asks who we are', async () => {
  const client = createQueryClient();
  client.setQueryData(ME_KEY, me(false));
  const refused = (code: string) =>
    client.fetchQuery({ queryKey: [code], queryFn: () => Promise.reject(new ApiError(403, 'no', null, null, null, code)) }).catch(() => undefined);
  await refused('forbidden');
  expect(client.getQueryState(ME_KEY)?.isInvalidated).toBe(false);
  await refused('password-change-required');
  expect(client.getQueryState(ME_KEY)?.isInvalidated).toBe(true);
});

test('a server that is starting is asked until it answers', async () => {
  vi.useFakeTimers();
  serverAnswers(503);
  show(undefined);
  await pass(30_000);
  expect(screen.getByText(/still starting/)).toBeTruthy();
  serverAnswers(200, me(true));
  await pass(5_000);
  expect(screen.getByText(/Choose your own password now/)).toBeTruthy();
});

test('a page stays while the server is away', async () => {
  vi.useFakeTimers();
  const client = show(me(true));
  serverAnswers(null);
  void client.invalidateQueries({ queryKey: ME_KEY });
  await pass(30_000);
  expect(screen.getByText(/Choose your own password now/)).toBeTruthy();
});

test('a session that ended leads to the login page', async () => {
  const client = show(me(true));
  serverAnswers(401);
  await act(() => client.invalidateQueries({ queryKey: ME_KEY }));
  expect(await screen.findByRole('button', { name: 'Sign in' }, { timeout: 20_000 })).toBeTruthy();
}, 30_000);

test('a server on this machine is asked where there is no network', async () => {
  onlineManager.setOnline(false);
  const ask = vi.fn(() => Promise.resolve('here'));
  void createQueryClient().fetchQuery({ queryKey: ['any'], queryFn: ask });
  expect(ask).toHaveBeenCalled();
});
