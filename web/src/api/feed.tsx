import { createContext, use, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { HubConnection } from './hub/connect';
import type { Connection, FeedItem } from './hub/protocol';

const HubContext = createContext<HubConnection | null>(null);

export function HubProvider({ children }: { children: ReactNode }) {
  const [hub] = useState(() => new HubConnection());
  useEffect(() => {
    hub.start();
    return () => hub.stop();
  }, [hub]);
  return <HubContext value={hub}>{children}</HubContext>;
}

export function useHub(): HubConnection {
  const hub = use(HubContext);
  if (!hub) throw new Error('outside of a hub');
  return hub;
}

export function useFeedConnection(): Connection {
  const hub = useHub();
  return useSyncExternalStore(hub.onConnection, () => hub.feedConnection);
}

/** Calls `listener` with every item of the feed while mounted. */
export function useFeed(listener: (item: FeedItem) => void): void {
  const hub = useHub();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => hub.onFeed((item) => latest.current(item)), [hub]);
}
