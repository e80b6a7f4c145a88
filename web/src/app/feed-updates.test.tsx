import { QueryClientProvider, useInfiniteQuery } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { HubProvider } from '../api/feed';
import { HubConnection } from '../api/hub/connect';
import type { FeedItem } from '../api/hub/protocol';
import { keys } from '../api/keys';
import { startI18n } from '../i18n';
import { LoadMore } from '../ui/LoadMore';
import { createQueryClient } from './AppRoot';
import { useFeedUpdates } from './feed-updates';

/** A page the server was asked for and has not answered yet. */
interface Asked {
  page: number;
  answer: () => void;
}
let asked: Asked[] = [];
let tell: (item: FeedItem) => void = () => undefined;

function PeopleList() {
  useFeedUpdates('t');
  const list = useInfiniteQuery({
    queryKey: [...keys.people('t'), 'list'],
    queryFn: ({ pageParam, signal }) =>
      new Promise<number>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cancelled')));
        asked.push({ page: pageParam, answer: () => resolve(pageParam) });
      }),
    initialPageParam: 0,
    getNextPageParam: (page) => page + 1,
  });
  return (
    <>
      <p>pages: {list.data?.pages.join(' ')}</p>
      <LoadMore list={list} />
    </>
  );
}

/** Waits until the server is asked for `page`, and answers. */
async function answer(page: number): Promise<void> {
  await waitFor(() => expect(asked.map((one) => one.page)).toContain(page), { timeout: 3000 });
  const index = asked.findIndex((one) => one.page === page);
  asked.splice(index, 1)[0]?.answer();
}
const somebodyChanged = () => tell({ event: 'person', data: { person_id: 'p', change: 'changed' } } as FeedItem);
const shown = (pages: string) => screen.findByText(`pages: ${pages}`, undefined, { timeout: 3000 });
const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(startI18n);
beforeEach(async () => {
  asked = [];
  vi.spyOn(HubConnection.prototype, 'onFeed').mockImplementation((listener) => {
    tell = listener;
    return () => undefined;
  });
  vi.spyOn(HubConnection.prototype, 'followFeed').mockImplementation(() => undefined);
  render(
    <QueryClientProvider client={createQueryClient()}>
      <HubProvider>
        <PeopleList />
      </HubProvider>
    </QueryClientProvider>,
  );
  await answer(0);
  await shown('0');
});

test('an item of the feed does not cancel a page that is being loaded; the list is read again after it', async () => {
  fireEvent.click(screen.getByRole('button'));
  await waitFor(() => expect(asked).toHaveLength(1));
  somebodyChanged();
  await settle(600);
  expect(asked.map(({ page }) => page)).toEqual([1]);
  await answer(1);
  await shown('0 1');
  await answer(0);
  await answer(1);
  expect(asked).toHaveLength(0);
});

test('a list that is being read again is waited for before the next page is asked for', async () => {
  somebodyChanged();
  await waitFor(() => expect(asked).toHaveLength(1));
  await settle(50);
  fireEvent.click(screen.getByRole('button'));
  await settle(50);
  expect(asked.map(({ page }) => page)).toEqual([0]);
  await answer(0);
  await answer(1);
  await shown('0 1');
});
