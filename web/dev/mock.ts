import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';
import type { components } from '../src/api/schema';
import { ids, MockState, portrait, type MockPerson } from './mock-data.ts';
import { clipOf, frameAt, streamLive } from './mock-live.ts';

type S = components['schemas'];

interface Call {
  method: string;
  parts: string[];
  query: URLSearchParams;
  body: Record<string, unknown>;
  tenant: string;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly field?: string,
  ) {
    super(title);
  }
}

const state = new MockState();
const feeds = new Set<{ response: ServerResponse; tenant: string }>();
let version = 100;

function tell(tenant: string, event: string, data: unknown, durable = false): void {
  for (const feed of feeds) {
    if (feed.tenant !== tenant) continue;
    feed.response.write(`${durable ? `id: ${version}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  if (durable) version++;
}

function page<T>(items: T[], query: URLSearchParams): { items: T[]; next_cursor: string | null } {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Number(query.get('limit') ?? 50);
  return { items: items.slice(from, from + limit), next_cursor: from + limit < items.length ? String(from + limit) : null };
}

const person = (id: string | undefined): MockPerson => {
  const found = state.people.find((candidate) => candidate.id === id);
  if (!found) throw new Refusal(404, 'No such person');
  return found;
};
const camera = (id: string | undefined): S['Camera'] => {
  const found = state.cameras.find((candidate) => candidate.id === id);
  if (!found) throw new Refusal(404, 'No such camera');
  return found;
};

const detail = (p: MockPerson): S['PersonDetail'] => ({
  ...p,
  merged: state.people.filter((other) => other.absorbed === p.id).map(({ id, name, label, number }) => ({ id, name, label, number })),
});

function rename(p: MockPerson, name: string | null): void {
  p.name = name;
  p.label = name ?? `Visitor ${p.number}`;
  for (const visit of state.visits) if (visit.person.id === p.id) visit.person = { id: p.id, name, label: p.label, number: p.number };
  tell(p.tenant, 'person', { person_id: p.id, change: 'changed', person: p }, true);
}

function absorb(from: MockPerson, into: MockPerson, on: boolean): void {
  from.absorbed = on ? into.id : null;
  into.visits += on ? from.visits : -from.visits;
  tell(into.tenant, 'person', { person_id: into.id, change: 'changed', person: into }, true);
}

function operation(kind: S['Operation']['kind'], p: MockPerson | null, undo: () => void): S['Operation'] {
  const operation_id = state.next(8);
  state.operations.set(operation_id, undo);
  return { operation_id, kind, person: p && detail(p) };
}

const me = (): S['Me'] => ({
  user: { id: state.next(0), name: 'admin', role: 'admin', must_change_password: state.mustChange },
  csrf_token: 'mock', expires_at: new Date(Date.now() + 8.64e7).toISOString(), tenants: state.tenants,
});

/** The answer to a call; undefined is 204. Throws a Refusal. */
function handle({ method, parts, query, body, tenant }: Call): unknown {
  const [resource, id, action] = parts;
  switch (`${method} ${resource}`) {
    case 'POST login':
      if (body.password !== state.password) throw new Refusal(401, 'Wrong user or password');
      return me();
    case 'POST logout':
      return undefined;
    case 'GET me':
      return me();
    case 'PUT me':
      if (body.current_password !== state.password) throw new Refusal(422, 'The current password is wrong', 'current_password');
      state.mustChange = false;
      return me();
    case 'GET version':
      return { name: 'customersight', version: '0.1.0', api: 1 };
    case 'GET demo':
      return { enabled: true, state: 'running', progress: null, message: null, tenant_id: ids.demo, site_id: ids.siteDemo };
    case 'GET sites':
      return { items: state.sites.filter((site) => site.tenant_id === tenant) };
    case 'GET models':
      return state.models;
    case 'POST models': {
      for (const model of state.models.items) if (model.pack === id || model.name === id) Object.assign(model, { state: 'installing', progress: 0.4 });
      return state.models;
    }
    case 'GET audit':
      return page(state.audit, query);
    case 'GET policy':
      return state.policies.get(tenant);
    case 'PUT policy':
      return setPolicy(tenant, body);
    case 'GET now':
      return state.now_(tenant, query.get('site'));
    case 'GET cameras':
      return { items: state.cameras.filter((c) => c.tenant_id === tenant) };
    case 'POST cameras':
      return id === 'test' ? testCamera(body) : id ? switchCamera(camera(id), action) : addCamera(tenant, body);
    case 'PATCH cameras':
      return changed(Object.assign(camera(id), body, { recognition_active: body.recognition ?? camera(id).recognition_active }));
    case 'PUT cameras':
      return changed(Object.assign(camera(id), body));
    case 'DELETE cameras':
      state.cameras = state.cameras.filter((c) => c.id !== id);
      return undefined;
    case 'GET visits':
      return id ? visitDetail(id) : listVisits(tenant, query);
    case 'GET people':
      return id ? detail(person(id)) : listPeople(tenant, query);
    case 'PATCH people': {
      const p = person(id);
      const before = p.name ?? null;
      rename(p, (body.name as string | null) || null);
      return operation('name', p, () => rename(p, before));
    }
    case 'POST people':
      return mergeOrSplit(person(id), action, body);
    case 'POST tracks': {
      const visit = state.visits.find((v) => v.id === id);
      if (!visit) throw new Refusal(404, 'No such track');
      state.visits = state.visits.filter((v) => v !== visit);
      return operation('not_this_person', null, () => {
        state.visits.push(visit);
        state.sortVisits();
      });
    }
    case 'POST operations': {
      state.operations.get(id ?? '')?.();
      return operation('undo', null, () => undefined);
    }
    default:
      throw new Refusal(404, `Nothing answers ${method} ${parts.join('/')}`);
  }
}

function setPolicy(tenant: string, form: Record<string, unknown>): S['Policy'] {
  const before = state.policies.get(tenant);
  if (!before) throw new Refusal(404, 'No such tenant');
  const policy: S['Policy'] = { ...before, ...form, version: before.version + 1, updated_at: new Date().toISOString(), updated_by: 'admin' };
  state.policies.set(tenant, policy);
  for (const t of state.tenants) if (t.id === tenant) t.mode = policy.mode;
  state.addAudit('policy.set', `Mode set to “${policy.mode}”`, 'admin');
  tell(tenant, 'policy', { policy }, true);
  return policy;
}

function changed(c: S['Camera']): S['Camera'] {
  c.version++;
  tell(c.tenant_id, 'camera', { camera_id: c.id, change: 'changed', camera: c }, true);
  return c;
}

function addCamera(tenant: string, body: Record<string, unknown>): S['Camera'] {
  const site = state.sites.find((s) => s.tenant_id === tenant)?.id ?? '';
  const url = typeof body.url === 'string' ? body.url.replace(/\/\/[^/]*@/, '//') : null;
  const added = state.camera({ tenant_id: tenant, site_id: site, name: 'Camera', ...body, url, state: 'connecting', video: null });
  state.cameras.push(added);
  setTimeout(() => changed(Object.assign(added, { state: 'streaming', video: { codec: 'h264', width: 960, height: 540, fps: 12 } })), 2500);
  return added;
}

function switchCamera(c: S['Camera'], action: string | undefined): S['Camera'] {
  c.enabled = action === 'start';
  c.state = c.enabled ? 'streaming' : 'off';
  c.state_reason = null;
  c.video ??= c.enabled ? { codec: 'h264', width: 960, height: 540, fps: 12 } : null;
  return changed(c);
}

function testCamera(body: Record<string, unknown>): S['CameraTest'] {
  const url = typeof body.url === 'string' ? body.url : '';
  if (url.includes('bad')) return { ok: false, problem: 'The camera refused user and password. Check both in its own web page.', state: 'unauthorised' };
  const still = clipOf(0)?.still;
  return {
    ok: true, transport: 'tcp', expected_face_px: 62, state: 'streaming', video: { codec: 'h264', width: 960, height: 540, fps: 12 },
    snapshot: still ? `data:image/jpeg;base64,${Buffer.from(still).toString('base64')}` : null,
  };
}

function listVisits(tenant: string, query: URLSearchParams): S['VisitPage'] {
  const measured = state.policies.get(tenant)?.mode !== 'count';
  const is = (name: string, value: string) => !query.get(name) || query.get(name) === value;
  const items = state.visits.filter(
    (v) =>
      v.tenant === tenant && is('site', v.site_id) && is('kind', v.kind) && is('person', v.person.id) && is('camera', v.camera_ids?.[0] ?? '') &&
      (!query.get('from') || v.started_at >= (query.get('from') ?? '')) && (!query.get('to') || v.started_at < (query.get('to') ?? '')),
  );
  return { ...page(items, query), measured };
}

function visitDetail(id: string): S['VisitDetail'] {
  const visit = state.visits.find((v) => v.id === id);
  if (!visit) throw new Refusal(404, 'No such visit');
  return {
    ...visit,
    sightings: [
      { track_id: visit.id, camera_id: visit.camera_ids?.[0] ?? '', started_at: visit.started_at, last_seen_at: visit.last_seen_at, faces: 6, quality: 0.82, distance: 0.41, decision: visit.kind === 'new' ? 'new' : 'matched', picture_id: visit.picture_id, picture_expires_at: null },
    ],
  };
}

function listPeople(tenant: string, query: URLSearchParams): S['PersonPage'] {
  const q = (query.get('q') ?? '').toLowerCase();
  const named = query.get('named');
  const items = state.people
    .filter((p) => p.tenant === tenant && !p.absorbed && p.label.toLowerCase().includes(q) && (named === null || (named === 'true') === (p.name !== null)))
    .sort((a, b) => b.last_seen_at.localeCompare(a.last_seen_at));
  return { ...page(items, query), measured: state.policies.get(tenant)?.mode !== 'count' };
}

function mergeOrSplit(p: MockPerson, action: string | undefined, body: Record<string, unknown>): S['Operation'] {
  if (action === 'merge') {
    const into = person(body.into as string);
    absorb(p, into, true);
    return operation('merge', into, () => absorb(p, into, false));
  }
  const into = person(p.absorbed ?? '');
  absorb(p, into, false);
  return operation('unmerge', into, () => absorb(p, into, true));
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text ? (JSON.parse(text) as Record<string, unknown>) : {};
}

function reply(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body);
}

/** What is not JSON: the feed, live video, pictures. True when it was one of these. */
function handleMedia(response: ServerResponse, { method, parts, query, tenant }: Call): boolean {
  const [resource, id, action] = parts;
  if (method !== 'GET') return false;
  if (resource === 'feed') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`event: hello\ndata: ${JSON.stringify({ version, tenant_id: tenant })}\n\n`);
    const feed = { response, tenant };
    feeds.add(feed);
    response.on('close', () => feeds.delete(feed));
    return true;
  }
  if (resource === 'live') {
    const cameras = (query.get('cameras') ?? '').split(',').map((each) => state.cameras.findIndex((c) => c.id === each));
    streamLive(response, cameras.map((index) => ({ clip: clipOf(index), state: state.cameras[index]?.state ?? 'off', reason: state.cameras[index]?.state_reason ?? null })));
    return true;
  }
  if (resource === 'pictures') {
    const owner = state.people.find((p) => p.picture_id === id);
    reply(response, owner ? 200 : 404, 'image/svg+xml', owner ? portrait(owner.look) : '');
    return true;
  }
  if (resource === 'cameras' && action === 'still') {
    const index = state.cameras.findIndex((c) => c.id === id);
    const still = state.cameras[index]?.state === 'streaming' ? clipOf(index)?.still : undefined;
    reply(response, still ? 200 : 404, 'image/jpeg', still ?? new Uint8Array(0));
    return true;
  }
  return false;
}

const answerApi: Connect.NextHandleFunction = (request, response, next) => {
  const url = new URL(request.url ?? '/', 'http://mock');
  if (url.pathname === '/readyz') {
    const checks = [['database', true], ['ingest', true], ['models', true], ['worker', true], ['sandbox', false, 'This kernel has no Landlock; seccomp is on.']].map(([name, ready, message]) => ({ name, ready, message, required: name !== 'sandbox' }));
    reply(response, 200, 'application/json', JSON.stringify({ ready: true, checks }));
    return;
  }
  if (!url.pathname.startsWith('/api/')) {
    next();
    return;
  }
  void readBody(request).then((body) => {
    const query = url.searchParams;
    const call: Call = { method: request.method ?? 'GET', parts: url.pathname.slice(5).split('/'), query, body, tenant: query.get('tenant') ?? ids.chain };
    const loggedIn = /customersight_mock=1/.test(request.headers.cookie ?? '');
    try {
      if (!loggedIn && !['login', 'version'].includes(call.parts[0] ?? '')) throw new Refusal(401, 'Log in first');
      if (handleMedia(response, call)) return;
      const data = handle(call);
      if (call.parts[0] === 'login') response.setHeader('Set-Cookie', 'customersight_mock=1; Path=/; SameSite=Strict');
      if (call.parts[0] === 'logout') response.setHeader('Set-Cookie', 'customersight_mock=; Path=/; Max-Age=0');
      if (data === undefined) response.writeHead(204).end();
      else reply(response, 200, 'application/json', JSON.stringify(data));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, String(error));
      const problem = { type: 'urn:customersight:mock', title: refusal.title, status: refusal.status, field: refusal.field, error_id: state.next(0).slice(-8) };
      reply(response, refusal.status, 'application/problem+json', JSON.stringify(problem));
    }
  });
};

/** Boxes five times a second, the numbers every two seconds, now and then somebody who comes in. */
function run(): () => void {
  const timers = [
    setInterval(() => {
      state.cameras.forEach((c, index) => {
        const clip = clipOf(index);
        if (!clip || c.state !== 'streaming') return;
        const now = frameAt(clip, Date.now() - 150);
        const people = state.people.filter((p) => p.tenant === c.tenant_id);
        const counting = state.policies.get(c.tenant_id)?.mode === 'count' || !c.recognition;
        const boxes = (clip.boxes[now.index] ?? []).map(({ person: which, ...box }) => {
          const who = which === 2 ? undefined : people[which];
          return { ...box, track_id: `${index}-${now.loop}-${which}`, score: 0.9, identity: counting ? 'none' : who ? 'known' : 'unknown', person: !counting && who ? { id: who.id, name: who.name, label: who.label, number: who.number } : null };
        });
        tell(c.tenant_id, 'boxes', { camera_id: c.id, captured_at: new Date(now.captured).toISOString(), boxes });
      });
    }, 200),
    setInterval(() => {
      for (const tenant of state.tenants) tell(tenant.id, 'now', state.now_(tenant.id, null));
    }, 2000),
    setInterval(() => {
      for (const tenant of [ids.chain, ids.demo]) {
        const visit = state.newVisit(tenant);
        if (visit) tell(tenant, 'visit', { visit_id: visit.id, change: 'made', visit }, true);
      }
    }, 12_000),
  ];
  return () => timers.forEach(clearInterval);
}

/** Answers the whole interface from memory, for design and unit tests of the web app only. */
export function mockServer(): Plugin {
  return {
    name: 'customersight-mock',
    configureServer: (server) => {
      server.middlewares.use(answerApi);
      const stop = run();
      server.httpServer?.on('close', stop);
    },
    configurePreviewServer: (server) => {
      server.middlewares.use(answerApi);
      const stop = run();
      server.httpServer.on('close', stop);
    },
  };
}
