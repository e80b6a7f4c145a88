import { Hub } from './engine';
import type { ToHub } from './protocol';
import { browserWorld } from './world';

/** The SharedWorker: one hub for all tabs of this browser. */
const ports = new Map<string, MessagePort>();
const hub = new Hub(browserWorld, (tab, message) => {
  if (tab !== null) ports.get(tab)?.postMessage(message);
  else for (const port of ports.values()) port.postMessage(message);
});

self.addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (!port) return;
  port.onmessage = ({ data }: MessageEvent<ToHub>) => {
    if (data.type === 'bye') ports.delete(data.tab);
    else ports.set(data.tab, port);
    hub.receive(data);
  };
  port.start();
});
