import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { App } from 'antd';
import { MemoryRouter, Route, Routes } from 'react-router';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { api, type Camera, type Line } from '../../api/client';
import { keys } from '../../api/keys';
import { createQueryClient } from '../../app/AppRoot';
import { ScopeContext } from '../../app/scope';
import { startI18n } from '../../i18n';
import { LinesPage } from './LinesPage';

const tenant = { id: 't', name: 'Corner shop', simulated: false, mode: 'count', role: 'admin' } as const;
const site = { id: 's', tenant_id: 't', name: 'Main', time_zone: 'UTC', gap_seconds: 900, simulated: false, version: 1 };
const camera: Camera = {
  id: 'c', tenant_id: 't', site_id: 's', name: 'Door', kind: 'rtsp', enabled: true, recognition: true, recognition_active: false,
  simulated: false, state: 'off', state_since: '2026-03-01T10:00:00Z', lines: [], version: 1, transport: 'auto', video: null, created_at: '2026-03-01T10:00:00Z',
};

/** The page with `lines` drawn already; what it saves is answered with ids, as the server does. */
function show(lines: Line[]) {
  const client = createQueryClient();
  const put = (cameras: Camera[]) => client.setQueryData(keys.cameras('t'), cameras);
  put([{ ...camera, lines }]);
  const sent: Line[][] = [];
  vi.spyOn(api, 'PUT').mockImplementation(((_path: string, { body }: { body: { lines: Line[] } }) => {
    sent.push(body.lines);
    const saved = { ...camera, lines: body.lines.map((line, index) => ({ id: `line ${index}`, ...line })) };
    return Promise.resolve({ data: saved, response: new Response() });
  }) as never);
  vi.spyOn(api, 'GET').mockImplementation(() => new Promise(() => undefined));
  render(
    <MemoryRouter initialEntries={['/cameras/c/line']}>
      <App>
        <QueryClientProvider client={client}>
          <ScopeContext value={{ tenant, tenants: [tenant], site: undefined, sites: [site], zone: 'UTC' }}>
            <Routes>
              <Route path="cameras/:cameraId/line" element={<LinesPage />} />
            </Routes>
          </ScopeContext>
        </QueryClientProvider>
      </App>
    </MemoryRouter>,
  );
  return sent;
}
const button = (name: string) => screen.getByRole<HTMLButtonElement>('button', { name });

beforeAll(startI18n);
afterEach(() => vi.restoreAllMocks());

test('a line that is saved and moved again stays the same line', async () => {
  const sent = show([]);
  fireEvent.click(button('Save'));
  await waitFor(() => expect(button('Save').disabled).toBe(true));
  fireEvent.click(button('Swap direction'));
  fireEvent.click(button('Save'));
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent.map((lines) => lines.map(({ id }) => id))).toEqual([[undefined], ['line 0']]);
}, 30_000);

test('a line that is added has a name of its own', () => {
  show([{ id: 'b', name: 'Line 2', x1: 0.2, y1: 0.5, x2: 0.8, y2: 0.5 }]);
  fireEvent.click(button('Add line'));
  fireEvent.click(button('Add line'));
  expect(screen.getAllByText(/^Line \d$/).map((name) => name.textContent)).toEqual(['Line 2', 'Line 1', 'Line 3']);
}, 30_000);
