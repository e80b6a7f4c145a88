/* eslint no-restricted-globals: ["error", "XMLHttpRequest"] -- the one place that opens streams */
import type { HubWorld } from './engine';

/** The hub's surroundings in a browser, page or worker alike. */
export const browserWorld: HubWorld = {
  openFeed: (url) => new EventSource(url),
  fetchLive: async (url, signal) => {
    const response = await fetch(url, { signal, headers: { Accept: 'application/octet-stream' } });
    if (!response.ok || !response.body) throw new Error(`live stream: ${response.status}`);
    return response.body;
  },
  now: () => Date.now(),
  later: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
