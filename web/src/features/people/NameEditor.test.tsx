import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen } from '@testing-library/react';
import { App } from 'antd';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { api } from '../../api/client';
import { createQueryClient } from '../../app/AppRoot';
import { ScopeContext } from '../../app/scope';
import { startI18n } from '../../i18n';
import { NameEditor } from './NameEditor';

const tenant = { id: 't', name: 'Corner shop', simulated: false, mode: 'returning', role: 'admin' } as const;

beforeAll(startI18n);
afterEach(() => vi.restoreAllMocks());

test.each(['Enter', 'Escape'])('%s leads the keyboard back to the name', (key) => {
  vi.spyOn(api, 'PATCH').mockImplementation(() => new Promise(() => undefined));
  render(
    <App>
      <QueryClientProvider client={createQueryClient()}>
        <ScopeContext value={{ tenant, tenants: [tenant], site: undefined, sites: [], zone: 'UTC' }}>
          <NameEditor person={{ id: 'p', label: 'Visitor 3', number: 3 }} />
        </ScopeContext>
      </QueryClientProvider>
    </App>,
  );
  fireEvent.click(screen.getByRole('button'));
  const input = screen.getByRole('textbox', { name: 'Name' });
  expect(document.activeElement).toBe(input);
  fireEvent.change(input, { target: { value: 'Linh' } });
  fireEvent.keyDown(input, { key });
  expect(screen.getByRole('button')).toBe(document.activeElement);
}, 30_000);
