import { beforeEach, describe, expect, test } from 'vitest';
import { writeInit, writeRecord } from '../../features/live/records';
import { Hub, type FeedSource, type HubWorld } from './engine';
import type { FromHub, Wish } from './protocol';

class FakeFeed implements FeedSource {
  readyState = 0;
  closed = false;
  private readonly listeners = new Map<string, ((event: MessageEvent<string>) => void)[]>();
  constructor(readonly url: string) {}
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }
  fire(name: string, data = '', lastEventId = ''): void {
    for (const listener of this.listeners.get(name) ?? []) listener(new MessageEvent(name, { data, lastEventId }));
  }
  close(): void {
    this.closed = true;
  }
}

let feeds: FakeFeed[];
let streams: { url: string; signal: AbortSignal; push: (bytes: Uint8Array) => void; end: () => void }[];
let timers: { at: number; run: () => void }[];
let now: number;
let sent: { tab: string | null; message: FromHub }[];
let hub: Hub;

const world: HubWorld = {
  openFeed: (url) => {
    const feed = new FakeFeed(url);
    feeds.push(feed);
    return feed;
  },
  fetchLive: (url, signal) =>
    Promise.resolve(
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          streams.push({ url, signal, push: (bytes) => controller.enqueue(bytes), end: () => controller.close() });
        },
      }),
    ),
  now: () => now,
  later: (ms, run) => {
    const timer = { at: now + ms, run };
    timers.push(timer);
    return () => void (timers = timers.filter((other) => other !== timer));
  },
};

async function pass(ms: number): Promise<void> {
  now += ms;
  const due = timers.filter((timer) => timer.at <= now);
  timers = timers.filter((timer) => timer.at > now);
  for (const timer of due) timer.run();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

const wish = (tab: string, wanted: Partial<Wish>) => hub.receive({ type: 'wish', tab, wish: { feed: null, live: null, ...wanted } });
const records = (tab: string) => sent.filter((s) => s.tab === tab && s.message.type === 'live').map((s) => s.message);

beforeEach(() => {
  feeds = [];
  streams = [];
  timers = [];
  sent = [];
  now = 0;
  hub = new Hub(world, (tab, message) => sent.push({ tab, message }));
});

describe('the feed', () => {
  test('is one connection for two tabs, and closes with the last', () => {
    wish('a', { feed: 't1' });
    wish('b', { feed: 't1' });
    expect(feeds).toHaveLength(1);
    hub.receive({ type: 'bye', tab: 'a' });
    expect(feeds[0]?.closed).toBe(false);
    hub.receive({ type: 'bye', tab: 'b' });
    expect(feeds[0]?.closed).toBe(true);
  });

  test('opens again after a refusal and then asks for a reset', async () => {
    wish('a', { feed: 't1' });
    const first = feeds[0];
    if (!first) throw new Error('no feed');
    first.readyState = 2;
    first.fire('error');
    await pass(500);
    expect(feeds).toHaveLength(2);
    feeds[1]?.fire('open');
    expect(sent.some((s) => s.message.type === 'feed' && s.message.item.event === 'reset')).toBe(true);
  });

  test('goes on after the last item it had', async () => {
    wish('a', { feed: 't1' });
    feeds[0]?.fire('visit', '{"visit_id":"v"}', '41');
    const first = feeds[0];
    if (!first) throw new Error('no feed');
    first.readyState = 2;
    first.fire('error');
    await pass(500);
    expect(feeds[1]?.url).toBe('/api/feed?tenant=t1&after=41');
    feeds[1]?.fire('open');
    expect(sent.some((s) => s.message.type === 'feed' && s.message.item.event === 'reset')).toBe(false);
  });

  test('is lost when the browser tries for too long, says so once, and is open again', async () => {
    const said = () => sent.flatMap(({ message }) => (message.type === 'feed-connection' ? [message.connection] : []));
    wish('a', { feed: 't1' });
    feeds[0]?.fire('open');
    feeds[0]?.fire('error'); // the browser goes on trying by itself
    await pass(3999);
    expect(said()).toEqual(['connecting', 'open', 'connecting']);
    await pass(1);
    feeds[0]?.fire('error');
    await pass(60_000);
    expect(said()).toEqual(['connecting', 'open', 'connecting', 'closed']);
    feeds[0]?.fire('open');
    await pass(60_000);
    expect(said().at(-1)).toBe('open');
  });

  test('that is back in time was never lost', async () => {
    wish('a', { feed: 't1' });
    feeds[0]?.fire('open');
    feeds[0]?.fire('error');
    await pass(3000);
    feeds[0]?.fire('open');
    await pass(60_000);
    expect(sent.some(({ message }) => message.type === 'feed-connection' && message.connection === 'closed')).toBe(false);
  });

  test('turns a broken item into a reset', () => {
    wish('a', { feed: 't1' });
    feeds[0]?.fire('visit', '{"id":', '7');
    expect(sent.at(-1)?.message).toMatchObject({ type: 'feed', item: { event: 'reset' } });
  });

  test('forgets a tab that went silent', async () => {
    wish('a', { feed: 't1' });
    await pass(181_000);
    wish('b', { feed: 't2' });
    expect(feeds[0]?.closed).toBe(true);
  });
});

describe('the live stream', () => {
  test('is one for the cameras of all tabs', async () => {
    wish('a', { live: { tenant: 't1', cameras: ['door'] } });
    wish('b', { live: { tenant: 't1', cameras: ['bar', 'door'] } });
    await pass(80);
    expect(streams.map((s) => s.url)).toEqual(['/api/live?tenant=t1&cameras=bar%2Cdoor']);
  });

  test('hands records to the tabs that watch the camera, and the init to one that joins', async () => {
    wish('a', { live: { tenant: 't1', cameras: ['bar', 'door'] } });
    await pass(80);
    streams[0]?.push(writeInit(1, 'avc1.42e01f', Uint8Array.of(1)));
    await pass(0);
    wish('b', { live: { tenant: 't1', cameras: ['door'] } });
    streams[0]?.push(writeRecord(2, 1, 1, 5, Uint8Array.of(2)));
    streams[0]?.push(writeRecord(2, 1, 0, 6, Uint8Array.of(3)));
    await pass(80);
    expect(streams).toHaveLength(1);
    expect(records('b')).toMatchObject([
      { camera: 'door', record: { kind: 'init' } },
      { camera: 'door', record: { kind: 'fragment' } },
    ]);
    expect(records('a')).toHaveLength(3);
  });

  test('closes when the last tab hides', async () => {
    wish('a', { live: { tenant: 't1', cameras: ['door'] } });
    await pass(80);
    wish('a', { live: null });
    await pass(80);
    expect(streams[0]?.signal.aborted).toBe(true);
  });

  test('opens again after it broke, waiting longer each time', async () => {
    wish('a', { live: { tenant: 't1', cameras: ['door'] } });
    await pass(80);
    streams[0]?.end();
    await pass(0);
    await pass(499);
    expect(streams).toHaveLength(1);
    await pass(1);
    expect(streams).toHaveLength(2);
    streams[1]?.end();
    await pass(0);
    await pass(999);
    expect(streams).toHaveLength(2);
    await pass(1);
    expect(streams).toHaveLength(3);
  });
});
