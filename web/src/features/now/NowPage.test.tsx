import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { beforeAll, expect, test } from 'vitest';
import { MemoryRouter } from 'react-router';
import type { Schemas } from '../../api/client';
import { HubProvider } from '../../api/feed';
import { keys } from '../../api/keys';
import { ScopeContext } from '../../app/scope';
import { startI18n } from '../../i18n';
import { NowPage } from './NowPage';

const tenant = { id: 't', name: 'Corner shop', simulated: false, mode: 'count', role: 'admin' } as const;
const site = { id: 's', tenant_id: 't', name: 'Main', time_zone: 'UTC', gap_seconds: 900, simulated: false, version: 1 };
const numbers: Schemas['Now'] = {
  as_of: '2026-03-01T10:00:00Z', mode: 'count', inside: 4, entries_today: 12, exits_today: 8, visits_open: null, visits_today: null,
  new_today: null, returning_today: null, cameras_total: 1, cameras_streaming: 1, staff_included: true, simulated: false,
};

function show(now: Schemas['Now']): void {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  client.setQueryData(keys.now('t', null), now);
  render(
    <MemoryRouter>
      <QueryClientProvider client={client}>
        <HubProvider>
          <ScopeContext value={{ tenant, tenants: [tenant], site: undefined, sites: [site], zone: 'UTC' }}>
            <NowPage />
          </ScopeContext>
        </HubProvider>
      </QueryClientProvider>
    </MemoryRouter>,
  );
}

beforeAll(startI18n);

test('what the mode does not measure is said, never shown as 0', () => {
  show(numbers);
  expect(screen.getByTestId('inside').textContent).toContain('4');
  expect(screen.getAllByText('not measured in this mode')).toHaveLength(4);
  expect(screen.queryByText('0')).toBeNull();
});

test('without a door line there is no number, and the way to draw one', () => {
  show({ ...numbers, inside: null, entries_today: null, exits_today: null });
  expect(screen.getByTestId('inside').textContent).not.toMatch(/\d+inside/);
  expect(screen.getByText('Draw one')).toBeTruthy();
  expect(screen.getAllByText('needs a door line')).toHaveLength(2);
});
