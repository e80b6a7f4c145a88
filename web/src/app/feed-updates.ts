import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { Camera, Schemas } from '../api/client';
import { useFeed, useFeedConnection, useHub } from '../api/feed';
import type { FeedItem } from '../api/hub/protocol';
import { keys } from '../api/keys';
import { mergePerson, mergeVisit } from '../features/visits/merge';
import { ME_KEY } from './session';

/** Lists are asked for again at most this often, however many items arrive. */
const REFRESH_MS = 400;
/** While the feed is lost the session is asked for this often. */
const ASK_AGAIN_MS = 10_000;

/** Keeps what the pages have read up to date with the feed of `tenant`. */
export function useFeedUpdates(tenant: string): void {
  const hub = useHub();
  const client = useQueryClient();
  const stale = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  useEffect(() => hub.followFeed(tenant), [hub, tenant]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const readAgain = () => {
    if (stale.current.size === 0 || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      for (const resource of stale.current) {
        const queryKey = [...keys.tenant(tenant), ...resource.split('/').filter(Boolean)];
        if (someLoadMore(client, queryKey)) continue;
        stale.current.delete(resource);
        void client.invalidateQueries({ queryKey });
      }
      readAgain();
    }, REFRESH_MS);
  };
  useFeed((item) => {
    for (const resource of applyItem(client, tenant, item)) stale.current.add(resource);
    readAgain();
  });

  const connection = useFeedConnection();
  // A feed that was refused, or is lost for long, may be a session that ended: asking who we are leads to the login page.
  // States and boxes are not sent again: what was missed is asked for when the feed is back.
  useEffect(() => {
    if (connection !== 'closed') return;
    const ask = () => void client.invalidateQueries({ queryKey: ME_KEY });
    const timer = setInterval(ask, ASK_AGAIN_MS);
    ask();
    return () => {
      clearInterval(timer);
      void client.invalidateQueries({ queryKey: keys.tenant(tenant) });
    };
  }, [connection, client, tenant]);
}

/** Whether a list under `queryKey` is loading one page more: reading it again now would cancel that, and the page would never come. */
function someLoadMore(client: QueryClient, queryKey: readonly string[]): boolean {
  return client.isFetching({ queryKey, predicate: ({ state }) => state.fetchMeta?.fetchMore !== undefined }) > 0;
}

/** What is small of the visits; their lists take each change by itself. */
const SMALL = ['visits/latest', 'visits/one'];

/** Applies an item to the cache; returns the resources that have to be read again (`people`, `visits/latest`; '' is all of them). */
function applyItem(client: QueryClient, tenant: string, item: FeedItem): string[] {
  switch (item.event) {
    case 'visit':
      return mergeVisit(client, tenant, item.data as Schemas['FeedVisit']) ? [...SMALL, 'people'] : ['visits', 'people'];
    case 'person':
      return mergePerson(client, tenant, item.data as Schemas['FeedPerson']) ? [...SMALL, 'people'] : ['visits', 'people'];
    case 'camera':
      return ['cameras'];
    case 'policy':
      void client.invalidateQueries({ queryKey: ME_KEY });
      return [''];
    case 'reset':
      return [''];
    case 'now': {
      const now = item.data as Schemas['Now'];
      client.setQueryData(keys.now(tenant, now.site_id ?? null), now);
      return [];
    }
    case 'camera-state': {
      const state = item.data as Schemas['CameraStateItem'];
      client.setQueryData<Camera[]>(keys.cameras(tenant), (cameras) =>
        cameras?.map((camera) => (camera.id === state.camera_id ? withState(camera, state) : camera)),
      );
      return [];
    }
    case 'boxes':
      return [];
  }
}

function withState(camera: Camera, item: Schemas['CameraStateItem']): Camera {
  return {
    ...camera,
    state: item.state,
    state_reason: item.reason ?? null,
    state_since: item.since ?? camera.state_since,
    analysis_fps: item.analysis_fps ?? null,
    reduced: item.reduced ?? false,
    video: item.video ?? camera.video,
  };
}
