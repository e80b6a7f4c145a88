import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { App } from 'antd';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { createQueryClient } from '../../app/AppRoot';
import { ScopeContext } from '../../app/scope';
import { startI18n } from '../../i18n';
import { SiteForms } from './SiteForm';
import { gapUnit, timeZones } from './site-values';

const tenant = { id: 't', name: 'Corner shop', simulated: false, mode: 'count', role: 'admin' } as const;
const site = { id: 's', tenant_id: 't', name: 'Main', time_zone: 'Asia/Ho_Chi_Minh', gap_seconds: 1800, simulated: false, version: 1 };

/** The form of the sites that are known, as they change. */
function KnownSites() {
  const { data = [] } = useQuery<(typeof site)[]>({ queryKey: keys.sites('t'), queryFn: () => [], staleTime: Infinity });
  return (
    <ScopeContext value={{ tenant, tenants: [tenant], site: undefined, sites: data, zone: 'UTC' }}>
      <SiteForms />
    </ScopeContext>
  );
}

/** The form of `site`; what it sends. */
function show(gap_seconds: number) {
  const client = createQueryClient();
  const shown = { ...site, gap_seconds };
  client.setQueryData(keys.sites('t'), [shown]);
  const sent: unknown[] = [];
  vi.spyOn(api, 'PATCH').mockImplementation(((_path: string, { body }: { body: object }) => {
    sent.push(body);
    return Promise.resolve({ data: { ...shown, ...body }, response: new Response() });
  }) as never);
  render(
    <App>
      <QueryClientProvider client={client}>
        <KnownSites />
      </QueryClientProvider>
    </App>,
  );
  return { sent, client };
}
const save = () => fireEvent.click(screen.getByRole('button', { name: 'Save' }));
const gap = () => screen.getByLabelText<HTMLInputElement>('Two visits after a break of');

beforeAll(startI18n);
afterEach(() => vi.restoreAllMocks());

test('the name and the gap are sent as they were typed, in seconds; a gap of more than a day is not sent', async () => {
  const { sent, client } = show(1800);
  expect(gap().value).toBe('30');
  fireEvent.change(gap(), { target: { value: '1441' } });
  save();
  await screen.findByText('Between 1 and 1440.', undefined, { timeout: 20_000 });
  fireEvent.change(gap(), { target: { value: '45' } });
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: ' Old town ' } });
  save();
  await waitFor(() => expect(sent).toEqual([{ name: 'Old town', time_zone: 'Asia/Ho_Chi_Minh', gap_seconds: 2700 }]), { timeout: 20_000 });
  await waitFor(() => expect(client.getQueryData<{ name: string }[]>(keys.sites('t'))?.[0]?.name).toBe('Old town'));
}, 60_000);

test('a gap in seconds that is saved as a whole minute stays in seconds', async () => {
  const { sent } = show(20);
  fireEvent.change(gap(), { target: { value: '60' } });
  save();
  await waitFor(() => expect(sent).toHaveLength(1), { timeout: 20_000 });
  await waitFor(() => expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Save' }).className).not.toContain('loading'));
  expect(screen.queryByText('min')).toBeNull();
  save();
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent).toEqual([60, 60].map((gap_seconds) => ({ name: 'Main', time_zone: 'Asia/Ho_Chi_Minh', gap_seconds })));
}, 60_000);

test.each([
  [1800, 60],
  [20, 1],
  [90, 1],
])('a gap of %d s is shown in units of %d s', (seconds, unit) => {
  expect(gapUnit(seconds)).toBe(unit);
});

test('a zone is found by the name that it has today; the stored one is there', () => {
  expect(timeZones('Etc/GMT+3')).toEqual(expect.arrayContaining(['Asia/Ho_Chi_Minh', 'Europe/Madrid', 'UTC', 'Etc/GMT+3']));
});
