import { RecordReader, type LiveRecord } from '../../features/live/records';
import { FEED_EVENTS, type Connection, type FromHub, type ToHub, type Wish } from './protocol';

/** What the hub needs from its surroundings; the tests bring their own. */
export interface HubWorld {
  openFeed: (url: string) => FeedSource;
  fetchLive: (url: string, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  now: () => number;
  later: (ms: number, run: () => void) => () => void;
}

export interface FeedSource {
  addEventListener: (name: string, listener: (event: MessageEvent<string>) => void) => void;
  readonly readyState: number;
  close: () => void;
}

interface Tab {
  wish: Wish;
  seen: number;
}

/** A tab that said nothing for this long is gone: hidden tabs run timers once a minute. */
const TAB_EXPIRES_MS = 180_000;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];
/** Several tiles mount in one render: the stream opens once, a moment after the last change. */
const SETTLE_MS = 80;
const CLOSED = 2;
/** Without the connection for this long it is lost, whatever the browser is still trying. */
const LOST_MS = 4000;

/**
 * Owns the one SSE connection per tenant and the one live stream of this browser. `send(null, …)` goes to all tabs,
 * otherwise to the one named. Runs in a SharedWorker, in the leading tab, or in each tab where neither is possible.
 */
export class Hub {
  private readonly tabs = new Map<string, Tab>();
  private readonly feeds = new Map<string, Feed>();
  private live: { key: string; abort: AbortController } | null = null;
  private liveFailures = 0;
  private cancelSettle: () => void = () => undefined;
  /** Last init and state by camera, for a tab that joins while the stream runs. */
  private readonly initial = new Map<string, { init?: LiveRecord; state?: LiveRecord }>();
  private liveConnection: Connection = 'closed';

  constructor(
    private readonly world: HubWorld,
    private readonly send: (tab: string | null, message: FromHub) => void,
  ) {}

  receive(message: ToHub): void {
    if (message.type === 'bye') this.tabs.delete(message.tab);
    else {
      const before = this.tabs.get(message.tab);
      this.tabs.set(message.tab, { wish: message.wish, seen: this.world.now() });
      this.greet(message.tab, before?.wish, message.wish);
    }
    for (const [name, tab] of this.tabs) if (this.world.now() - tab.seen > TAB_EXPIRES_MS) this.tabs.delete(name);
    this.followFeeds();
    this.cancelSettle();
    this.cancelSettle = this.world.later(SETTLE_MS, () => this.followLive());
  }

  close(): void {
    this.tabs.clear();
    this.cancelSettle();
    this.followFeeds();
    this.followLive();
  }

  private greet(tab: string, before: Wish | undefined, wish: Wish): void {
    const feed = wish.feed === null ? undefined : this.feeds.get(wish.feed);
    if (feed && wish.feed !== null && before?.feed !== wish.feed)
      this.send(tab, { type: 'feed-connection', tenant: wish.feed, connection: feed.connection });
    const known = new Set(before?.live?.cameras);
    for (const camera of wish.live?.cameras ?? []) {
      if (known.has(camera)) continue;
      const initial = this.initial.get(camera);
      if (initial?.state) this.send(tab, { type: 'live', camera, record: initial.state });
      if (initial?.init) this.send(tab, { type: 'live', camera, record: initial.init });
    }
    if (wish.live) this.send(tab, { type: 'live-connection', connection: this.liveConnection });
  }

  private followFeeds(): void {
    const wanted = new Set([...this.tabs.values()].flatMap((tab) => (tab.wish.feed === null ? [] : [tab.wish.feed])));
    for (const [tenant, feed] of this.feeds) {
      if (wanted.has(tenant)) continue;
      feed.close();
      this.feeds.delete(tenant);
    }
    for (const tenant of wanted) {
      if (!this.feeds.has(tenant)) this.feeds.set(tenant, new Feed(tenant, this.world, (message) => this.send(null, message)));
    }
  }

  private followLive(): void {
    const tenants = new Map<string, Set<string>>();
    for (const { wish } of this.tabs.values()) {
      if (!wish.live || wish.live.cameras.length === 0) continue;
      const cameras = tenants.get(wish.live.tenant) ?? new Set<string>();
      for (const camera of wish.live.cameras) cameras.add(camera);
      tenants.set(wish.live.tenant, cameras);
    }
    // One stream for the browser: the tenant most tabs look at; tabs of another one show their cameras' states.
    const [chosen] = [...tenants].sort((a, b) => b[1].size - a[1].size);
    const cameras = chosen ? [...chosen[1]].sort() : [];
    const key = chosen ? `${chosen[0]}:${cameras.join()}` : '';
    if (key === (this.live?.key ?? '')) return;
    this.live?.abort.abort();
    this.live = null;
    this.initial.clear();
    this.liveFailures = 0;
    if (!chosen) {
      this.setLiveConnection('closed');
      return;
    }
    this.live = { key, abort: new AbortController() };
    void this.runLive(this.live, chosen[0], cameras);
  }

  private async runLive(own: { key: string; abort: AbortController }, tenant: string, cameras: string[]): Promise<void> {
    this.setLiveConnection('connecting');
    const query = new URLSearchParams({ tenant, cameras: cameras.join() });
    try {
      const body = await this.world.fetchLive(`/api/live?${query.toString()}`, own.abort.signal);
      const records = new RecordReader();
      const reader = body.getReader();
      this.setLiveConnection('open');
      for (;;) {
        const { done, value } = await reader.read();
        if (done || own.abort.signal.aborted) break;
        for (const record of records.push(value)) {
          this.liveFailures = 0;
          const camera = cameras[record.tile];
          if (camera !== undefined) this.handOn(camera, record);
        }
      }
    } catch {
      // A lost connection, an error status and a broken record are one thing here: open again, a little later.
    }
    if (own.abort.signal.aborted || this.live !== own) return;
    own.abort.abort();
    this.initial.clear();
    this.setLiveConnection('closed');
    const wait = RETRY_MS[Math.min(this.liveFailures++, RETRY_MS.length - 1)] ?? 0;
    this.world.later(wait, () => {
      if (this.live !== own) return;
      this.live = { key: own.key, abort: new AbortController() };
      void this.runLive(this.live, tenant, cameras);
    });
  }

  private handOn(camera: string, record: LiveRecord): void {
    if (record.kind === 'init' || record.kind === 'state') {
      this.initial.set(camera, { ...this.initial.get(camera), [record.kind]: record });
    }
    for (const [name, tab] of this.tabs) {
      if (tab.wish.live?.cameras.includes(camera)) this.send(name, { type: 'live', camera, record });
    }
  }

  private setLiveConnection(connection: Connection): void {
    this.liveConnection = connection;
    this.send(null, { type: 'live-connection', connection });
  }
}

/**
 * One tenant's SSE connection. The browser reconnects with Last-Event-ID; after a refusal (401, 503) we do. `closed` is
 * reported after a refusal and when nothing was open for LOST_MS, and stays until something is open again.
 */
class Feed {
  connection: Connection = 'connecting';
  private source: FeedSource | null = null;
  private cancelRetry: () => void = () => undefined;
  private cancelLost: (() => void) | null = null;
  private failures = 0;
  /** Id of the last durable item. */
  private version = '';
  private closed = false;

  constructor(
    private readonly tenant: string,
    private readonly world: HubWorld,
    private readonly send: (message: FromHub) => void,
  ) {
    this.open();
  }

  close(): void {
    this.closed = true;
    this.cancelRetry();
    this.endWaiting();
    this.source?.close();
  }

  private open(): void {
    const query = new URLSearchParams({ tenant: this.tenant });
    if (this.version !== '') query.set('after', this.version);
    const source = this.world.openFeed(`/api/feed?${query.toString()}`);
    this.source = source;
    this.wait();
    source.addEventListener('open', () => {
      this.endWaiting();
      // After a refusal the browser forgets the id. Without one of ours, what was missed has to be asked for again.
      if (this.failures > 0 && this.version === '') this.emit('reset', '', null);
      this.failures = 0;
      this.report('open');
    });
    source.addEventListener('error', () => {
      if (this.closed) return;
      if (source.readyState !== CLOSED) {
        this.wait();
        return;
      }
      source.close();
      this.endWaiting();
      this.report('closed');
      const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)] ?? 0;
      this.cancelRetry = this.world.later(wait, () => this.open());
    });
    for (const name of FEED_EVENTS) {
      source.addEventListener(name, (event) => {
        if (event.lastEventId !== '') this.version = event.lastEventId;
        try {
          this.emit(name, event.lastEventId, event.data === '' ? null : (JSON.parse(event.data) as unknown));
        } catch {
          this.emit('reset', '', null);
        }
      });
    }
  }

  /** Trying to connect; lost, when that takes too long. */
  private wait(): void {
    if (this.connection === 'closed') return;
    this.report('connecting');
    this.cancelLost ??= this.world.later(LOST_MS, () => this.report('closed'));
  }

  private endWaiting(): void {
    this.cancelLost?.();
    this.cancelLost = null;
  }

  private emit(event: (typeof FEED_EVENTS)[number], id: string, data: unknown): void {
    this.send({ type: 'feed', item: { tenant: this.tenant, event, id, data } });
  }

  private report(connection: Connection): void {
    this.connection = connection;
    this.send({ type: 'feed-connection', tenant: this.tenant, connection });
  }
}
