import { Hub } from './engine';
import type { Connection, FeedItem, FromHub, ToHub, Wish } from './protocol';
import type { LiveRecord } from '../../features/live/records';
import { browserWorld } from './world';

type Post = (message: ToHub) => void;
type Listener<T> = (value: T) => void;

const HEARTBEAT_MS = 30_000;
const CHANNEL = 'customersight-hub';

/** This tab's end of the hub: says what the tab wants to see and passes on what arrives. */
export class HubConnection {
  private readonly tab = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  private wish: Wish = { feed: null, live: null };
  private post: Post = () => undefined;
  private readonly feedListeners = new Set<Listener<FeedItem>>();
  private readonly connectionListeners = new Set<() => void>();
  private readonly tiles = new Map<string, Set<Listener<LiveRecord>>>();
  private liveTenant: string | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  feedConnection: Connection = 'connecting';
  liveConnection: Connection = 'closed';

  start(): void {
    this.post = openHub(this.tab, (message) => this.receive(message));
    this.timer = setInterval(() => this.say(), HEARTBEAT_MS);
    document.addEventListener('visibilitychange', this.onVisibility);
    addEventListener('pagehide', this.onHide);
    addEventListener('pageshow', this.onVisibility);
    this.say();
  }

  stop(): void {
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.onVisibility);
    removeEventListener('pagehide', this.onHide);
    removeEventListener('pageshow', this.onVisibility);
    this.onHide();
  }

  followFeed(tenant: string | null): void {
    if (this.wish.feed === tenant) return;
    this.wish = { ...this.wish, feed: tenant };
    this.feedConnection = 'connecting';
    this.say();
  }

  onFeed(listener: Listener<FeedItem>): () => void {
    this.feedListeners.add(listener);
    return () => this.feedListeners.delete(listener);
  }

  onConnection = (listener: () => void): (() => void) => {
    this.connectionListeners.add(listener);
    return () => this.connectionListeners.delete(listener);
  };

  /** Watches one camera until the returned function is called. Hidden tabs watch nothing. */
  watch(tenant: string, camera: string, listener: Listener<LiveRecord>): () => void {
    this.liveTenant = tenant;
    const listeners = this.tiles.get(camera) ?? new Set();
    listeners.add(listener);
    this.tiles.set(camera, listeners);
    this.say();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.tiles.delete(camera);
      this.say();
    };
  }

  private readonly onVisibility = (): void => this.say();
  private readonly onHide = (): void => this.post({ type: 'bye', tab: this.tab });

  private say(): void {
    const visible = document.visibilityState === 'visible' && this.tiles.size > 0 && this.liveTenant !== null;
    const live = visible && this.liveTenant !== null ? { tenant: this.liveTenant, cameras: [...this.tiles.keys()] } : null;
    this.wish = { ...this.wish, live };
    this.post({ type: 'wish', tab: this.tab, wish: this.wish });
  }

  private receive(message: FromHub): void {
    switch (message.type) {
      case 'feed':
        if (message.item.tenant === this.wish.feed) for (const listener of this.feedListeners) listener(message.item);
        break;
      case 'feed-connection':
        if (message.tenant !== this.wish.feed) break;
        this.feedConnection = message.connection;
        for (const listener of this.connectionListeners) listener();
        break;
      case 'live':
        for (const listener of this.tiles.get(message.camera) ?? []) listener(message.record);
        break;
      case 'live-connection':
        this.liveConnection = message.connection;
        for (const listener of this.connectionListeners) listener();
        break;
    }
  }
}

/** SharedWorker where there is one, else the tab that holds a lock leads, else every tab for itself. */
function openHub(tab: string, receive: (message: FromHub) => void): Post {
  if (typeof SharedWorker !== 'undefined') {
    const worker = new SharedWorker(new URL('./shared-worker.ts', import.meta.url), { type: 'module', name: CHANNEL });
    worker.port.onmessage = ({ data }: MessageEvent<FromHub>) => receive(data);
    worker.port.start();
    return (message) => worker.port.postMessage(message);
  }
  if ('locks' in navigator && typeof BroadcastChannel !== 'undefined') return openLedHub(tab, receive);
  const hub = new Hub(browserWorld, (_tab, message) => receive(message));
  return (message) => hub.receive(message);
}

type Broadcast = { to: 'leader'; message: ToHub } | { to: 'tabs'; tab: string | null; message: FromHub } | { to: 'all' };

/** Whoever gets the lock runs the hub for all; when that tab closes, the next one takes over and asks for wishes. */
function openLedHub(tab: string, receive: (message: FromHub) => void): Post {
  const channel = new BroadcastChannel(CHANNEL);
  const say = (message: Broadcast) => channel.postMessage(message);
  let hub: Hub | null = null;
  let last: ToHub | null = null;
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if (data.to === 'leader') hub?.receive(data.message);
    else if (data.to === 'all') {
      if (last) say({ to: 'leader', message: last });
    } else if (data.tab === null || data.tab === tab) receive(data.message);
  };
  void navigator.locks.request(CHANNEL, () => {
    hub = new Hub(browserWorld, (to, message) => {
      if (to === null || to === tab) receive(message);
      if (to !== tab) say({ to: 'tabs', tab: to, message });
    });
    if (last) hub.receive(last);
    say({ to: 'all' });
    return new Promise(() => undefined); // held until the tab goes away
  });
  return (message) => {
    last = message;
    if (hub) hub.receive(message);
    else say({ to: 'leader', message });
  };
}
