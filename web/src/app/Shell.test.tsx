import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { beforeAll, expect, test, vi } from 'vitest';
import { MemoryRouter, Route, Routes } from 'react-router';
import { ApiError, type Me } from '../api/client';
import { HubProvider } from '../api/feed';
import { startI18n } from '../i18n';
import { createQueryClient } from './AppRoot';
import { ME_KEY } from './session';
import { Shell } from './Shell';

const me = (must_change_password: boolean): Me => ({
  user: { id: 'u', name: 'admin', role: 'admin', must_change_password },
  csrf_token: 'c', expires_at: '2030-01-01T00:00:00Z', tenants: [],
});

function show(known: Me) {
  const client = createQueryClient();
  client.setQueryData(ME_KEY, known);
  render(
    <MemoryRouter initialEntries={['/visits']}>
      <QueryClientProvider client={client}>
        <HubProvider>
          <Routes>
            <Route element={<Shell />}>
              <Route path="visits" element={<p>the page</p>} />
            </Route>
          </Routes>
        </HubProvider>
      </QueryClientProvider>
    </MemoryRouter>,
  );
}

beforeAll(startI18n);

test('a password made by the program is changed before anything is asked for', () => {
  const fetch = vi.fn();
  vi.stubGlobal('fetch', fetch);
  show(me(true));
  expect(screen.getByText(/Choose your own password now/)).toBeTruthy();
  expect(screen.queryByText('the page')).toBeNull();
  expect(fetch).not.toHaveBeenCalled();
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
