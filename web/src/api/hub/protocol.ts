import type { LiveRecord } from '../../features/live/records';

/**
 * One browser keeps one SSE connection and one live stream, however many tabs are open: browsers allow six HTTP/1.1
 * connections to a host. The hub owns both and hands on what arrives; tabs say what they want to see.
 */
export interface Wish {
  /** Tenant whose feed this tab follows; null when nobody is logged in. */
  feed: string | null;
  /** Cameras on screen in this tab; null when the tab is hidden or shows none. */
  live: { tenant: string; cameras: string[] } | null;
}

export type ToHub = { type: 'wish'; tab: string; wish: Wish } | { type: 'bye'; tab: string };

export type Connection = 'connecting' | 'open' | 'closed';

export interface FeedItem {
  tenant: string;
  event: FeedEventName;
  /** Feed version of a durable item, empty for a transient one. */
  id: string;
  data: unknown;
}

export const FEED_EVENTS = ['visit', 'person', 'camera', 'policy', 'boxes', 'now', 'camera-state', 'reset'] as const;
export type FeedEventName = (typeof FEED_EVENTS)[number];

export type FromHub =
  | { type: 'feed'; item: FeedItem }
  | { type: 'feed-connection'; tenant: string; connection: Connection }
  | { type: 'live'; camera: string; record: LiveRecord }
  | { type: 'live-connection'; connection: Connection };
