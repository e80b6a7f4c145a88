import type { components } from '../src/api/schema';

type S = components['schemas'];

/** A made-up chain, its demo site and a company that only counts: everything the screens can show. */
export type MockVisit = S['Visit'] & { tenant: string };
export type MockPerson = S['Person'] & { tenant: string; look: number; absorbed: string | null };

const id = (kind: number, n: number): string => `0199${String(kind).padStart(4, '0')}-0000-7000-8000-${String(n).padStart(12, '0')}`;
const minutes = 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();
/** The same numbers on every start. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

export const ids = {
  chain: id(1, 1), own: id(1, 2), demo: id(1, 3),
  siteA: id(2, 1), siteB: id(2, 2), siteOwn: id(2, 3), siteDemo: id(2, 4),
};

export class MockState {
  readonly password = 'mock-password';
  mustChange = false;
  tenants: S['Tenant'][] = [
    { id: ids.chain, name: 'Aurora Coffee', simulated: false, mode: 'returning', role: 'admin' },
    { id: ids.own, name: 'My company', simulated: false, mode: 'count', role: 'admin' },
    { id: ids.demo, name: 'Demo', simulated: true, mode: 'returning', role: 'admin' },
  ];
  sites: S['Site'][] = [
    { id: ids.siteA, tenant_id: ids.chain, name: 'Lê Lợi', time_zone: 'Asia/Ho_Chi_Minh', gap_seconds: 900, simulated: false, version: 1 },
    { id: ids.siteB, tenant_id: ids.chain, name: 'Thảo Điền', time_zone: 'Asia/Ho_Chi_Minh', gap_seconds: 900, simulated: false, version: 1 },
    { id: ids.siteOwn, tenant_id: ids.own, name: 'Main site', time_zone: 'Europe/Madrid', gap_seconds: 900, simulated: false, version: 1 },
    { id: ids.siteDemo, tenant_id: ids.demo, name: 'Demo café', time_zone: 'UTC', gap_seconds: 20, simulated: true, version: 1 },
  ];
  policies = new Map<string, S['Policy']>();
  cameras: S['Camera'][] = [];
  people: MockPerson[] = [];
  visits: MockVisit[] = [];
  audit: S['AuditRow'][] = [];
  operations = new Map<string, () => void>();
  inside = 23;
  entries = 148;
  private serial = 1000;

  constructor(private readonly now = Date.now()) {
    for (const tenant of this.tenants) {
      const on = tenant.mode === 'returning';
      this.policies.set(tenant.id, {
        mode: tenant.mode, version: on ? 3 : 1, picture_retention_days: 30, embedding_retention_months: 12,
        legal_basis: on ? 'legitimate_interest' : null,
        notice_text: on ? 'Cameras at this entrance recognise returning visitors under a random number. Pictures are deleted after 30 days. Ask our staff, or write to privacy@aurora.example.' : null,
        notice_date: on ? '2026-09-01' : null, updated_at: iso(now - 40 * 24 * 60 * minutes), updated_by: on ? 'admin' : null,
      });
    }
    this.addCameras();
    this.addPeople();
    this.addAudit('policy.set', 'Mode set to “returning”: legitimate interest, notice of 1 September 2026', 'admin', 40 * 24 * 60);
    this.addAudit('camera.create', 'Camera “Entrance” added', 'admin', 39 * 24 * 60);
    this.addAudit('person.merge', 'Visitor 31 joined with Visitor 12', 'admin', 190);
    this.addAudit('login', 'Signed in', 'admin', 4);
  }

  next(kind: number): string {
    return id(kind, this.serial++);
  }

  addAudit(action: string, detail: string, actor: string, minutesAgo = 0): void {
    this.audit.unshift({ id: this.next(9), at: iso(Date.now() - minutesAgo * minutes), actor, action, detail, subject_kind: null, subject_id: null });
  }

  camera(part: Partial<S['Camera']> & { name: string; tenant_id: string; site_id: string }): S['Camera'] {
    return {
      id: this.next(3), kind: 'rtsp', url: 'rtsp://192.168.10.21:554/stream1', webcam_index: null, transport: 'auto', enabled: true,
      recognition: true, recognition_active: true, simulated: false, lines: [], state: 'streaming', state_reason: null, state_since: iso(this.now - 400 * minutes),
      reduced: false, analysis_fps: 5, video: { codec: 'h264', width: 960, height: 540, fps: 12 }, version: 1, created_at: iso(this.now - 5e9), ...part,
    };
  }

  private addCameras(): void {
    const line = [{ id: this.next(4), name: 'Door', x1: 0.36, y1: 0.69, x2: 0.64, y2: 0.69 }];
    const chain = { tenant_id: ids.chain };
    this.cameras = [
      this.camera({ ...chain, site_id: ids.siteA, name: 'Entrance', lines: line }),
      this.camera({ ...chain, site_id: ids.siteA, name: 'Counter', reduced: true }),
      this.camera({ ...chain, site_id: ids.siteB, name: 'Terrace door', state: 'offline', state_reason: '192.168.10.23 does not answer (no route to host). Trying again in 20 s.', lines: line }),
      this.camera({ ...chain, site_id: ids.siteB, name: 'Stock room', enabled: false, state: 'off', recognition: false, recognition_active: false, video: null }),
      this.camera({ tenant_id: ids.demo, site_id: ids.siteDemo, name: 'Demo entrance', kind: 'file', url: 'demo-entrance.mp4', simulated: true, lines: line }),
      this.camera({ tenant_id: ids.demo, site_id: ids.siteDemo, name: 'Demo counter', kind: 'file', url: 'demo-counter.mp4', simulated: true }),
    ];
  }

  private addPeople(): void {
    const names = ['Linh Trần', null, null, 'Marta Gil', null, null, 'Deniz Kaya', null, null, null, null, 'Tom', null, null, null, null, null, null];
    for (const tenant of [ids.chain, ids.demo]) {
      const next = random(tenant === ids.demo ? 7 : 3);
      const cameras = this.cameras.filter((camera) => camera.tenant_id === tenant && camera.enabled);
      const count = tenant === ids.demo ? 9 : names.length;
      for (let n = 0; n < count; n++) {
        const visits = n % 3 === 2 ? 1 : 2 + Math.floor(next() * 9);
        const number = tenant === ids.demo ? n + 1 : n * 7 + 12;
        const name = tenant === ids.demo ? null : (names[n] ?? null);
        const gone = n % 8 === 7;
        const person: MockPerson = {
          tenant, look: n, absorbed: null, id: this.next(5), name, label: name ?? `Visitor ${number}`, number, visits, version: 1,
          picture_id: gone ? null : this.next(6), picture_expires_at: iso(this.now + 9e8), first_seen_at: iso(this.now - visits * 3e8),
          last_seen_at: iso(this.now - n * 21 * minutes - Math.floor(next() * 8) * minutes), simulated: tenant === ids.demo,
        };
        this.people.push(person);
        for (let k = 0; k < Math.min(visits, 4); k++) {
          const started = Date.parse(person.last_seen_at) - k * 26 * 60 * minutes * (1 + next()) - 4 * minutes;
          const stay = k === 0 && n < 3 ? this.now - started : (3 + next() * 44) * minutes;
          const camera = cameras[(n + k) % cameras.length] ?? cameras[0];
          if (!camera) continue;
          this.visits.push({
            tenant, id: this.next(7), site_id: camera.site_id, person: { id: person.id, name, label: person.label, number },
            kind: visits - k === 1 ? 'new' : 'returning', visit_number: visits - k, started_at: iso(started), last_seen_at: iso(started + stay),
            open: k === 0 && n < 3, stay_seconds: stay / 1000, camera_ids: [camera.id], picture_id: gone && k > 0 ? null : person.picture_id, simulated: tenant === ids.demo,
          });
        }
      }
    }
    this.sortVisits();
  }

  sortVisits(): void {
    this.visits.sort((a, b) => b.started_at.localeCompare(a.started_at));
  }

  /** Somebody comes in: a visit now, of a person who may have been here before. */
  newVisit(tenant: string): MockVisit | null {
    const known = this.people.filter((person) => person.tenant === tenant && !person.absorbed);
    const person = known[Math.floor(Math.random() * known.length)];
    const camera = this.cameras.find((candidate) => candidate.tenant_id === tenant && candidate.state === 'streaming');
    if (!person || !camera) return null;
    person.visits++;
    person.last_seen_at = iso(Date.now());
    const visit: MockVisit = {
      tenant, id: this.next(7), site_id: camera.site_id, person: { id: person.id, name: person.name, label: person.label, number: person.number },
      kind: 'returning', visit_number: person.visits, started_at: iso(Date.now()), last_seen_at: iso(Date.now()), open: true, stay_seconds: 0,
      camera_ids: [camera.id], picture_id: person.picture_id, simulated: person.simulated,
    };
    this.visits.unshift(visit);
    this.inside++;
    this.entries++;
    return visit;
  }

  now_(tenant: string, site: string | null): S['Now'] {
    const counting = this.policies.get(tenant)?.mode === 'count';
    const cameras = this.cameras.filter((camera) => camera.tenant_id === tenant && (!site || camera.site_id === site));
    const lines = cameras.some((camera) => camera.lines.length > 0);
    const open = this.visits.filter((visit) => visit.tenant === tenant && visit.open).length;
    return {
      as_of: iso(Date.now()), site_id: site, mode: this.policies.get(tenant)?.mode ?? 'count', inside: lines ? this.inside : null,
      entries_today: lines ? this.entries : null, exits_today: lines ? this.entries - this.inside : null, visits_open: counting ? null : open,
      visits_today: counting ? null : 121, new_today: counting ? null : 74, returning_today: counting ? null : 47, cameras_total: cameras.length,
      cameras_streaming: cameras.filter((camera) => camera.state === 'streaming').length, staff_included: true, simulated: tenant === ids.demo,
    };
  }

  models: S['ModelList'] = {
    runtime: { ready: true, version: '1.22.0', message: null },
    items: [
      { name: 'yunet', version: '2023-03', task: 'face detection', pack: 'opencv-zoo', state: 'missing', recommended: true, installable: true, size_bytes: 230_000, licence: 'MIT', source: 'OpenCV Zoo', measured: [], message: null, in_use: false, progress: null },
      { name: 'sface', version: '2021-12', task: 'face embedding', pack: 'opencv-zoo', state: 'missing', recommended: true, installable: true, size_bytes: 38_700_000, licence: 'Apache-2.0', source: 'OpenCV Zoo', measured: [{ metric: 'accuracy', value: 0.9945, dataset: 'LFW' }], message: null, in_use: false, progress: null },
      { name: 'centernet', version: '1', task: 'body detection', pack: 'human', state: 'ready', in_use: true, size_bytes: 4_030_000, licence: 'Apache-2.0', source: 'npm: @vladmandic/human', measured: [{ metric: 'recall', value: 0.93, dataset: 'TUD-Campus' }] },
      { name: 'face_recognition', version: '1', task: 'face embedding', pack: 'face-api', state: 'ready', in_use: true, size_bytes: 6_440_000, licence: 'MIT', source: 'npm: @vladmandic/face-api', measured: [{ metric: 'accuracy', value: 0.9885, dataset: 'LFW' }, { metric: 'TAR at FAR 0.001', value: 0.971, dataset: 'LFW' }] },
      { name: 'ssd_mobilenetv1', version: '1', task: 'face detection', pack: 'face-api', state: 'ready', in_use: true, size_bytes: 5_620_000, licence: 'MIT', source: 'npm: @vladmandic/face-api', measured: [] },
      { name: 'emotion', version: '1', task: 'expression', pack: 'human', state: 'ready', in_use: false, size_bytes: 820_000, licence: 'MIT', source: 'npm: @vladmandic/human', measured: [] },
      { name: 'movenet', version: '1', task: 'body posture', pack: 'human', state: 'damaged', in_use: false, size_bytes: 4_650_000, licence: 'Apache-2.0', source: 'npm: @vladmandic/human', measured: [], message: 'movenet-lightning.onnx: expected SHA-256 5f1c…, found 0a77…. Run “customersight models import movenet”.' },
    ],
  };
}

const skins = ['#c99b7b', '#8d5f43', '#e0b798', '#b98058', '#f0cbb0', '#6f4a35'];
const hairs = ['#2b1d16', '#1c1512', '#7d5a3a', '#111111', '#b08a4f', '#4a3b36', '#8b8b8b'];
const coats = ['#2f4858', '#8c3b3b', '#47604b', '#3b3a5c', '#94733c', '#4c6a76', '#6d4a63'];
const walls = ['#d9cfbd', '#c4cfc8', '#d6c6bd', '#c9cdd4'];

/** A drawn portrait; nobody's face. */
export function portrait(look: number): string {
  const pick = (list: string[], step: number) => list[(look * step + step) % list.length] ?? '#888';
  const [skin, hair, coat, wall] = [pick(skins, 5), pick(hairs, 3), pick(coats, 4), pick(walls, 3)];
  const long = look % 3 === 1;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><rect width="200" height="200" fill="${wall}"/>${
    long ? `<path d="M58 84c0-70 84-70 84 0v70H58Z" fill="${hair}"/>` : ''
  }<path d="M20 200c4-46 38-58 80-58s76 12 80 58Z" fill="${coat}"/><path d="M84 118h32v30c-10 10-22 10-32 0Z" fill="${skin}" opacity=".85"/><ellipse cx="100" cy="88" rx="35" ry="42" fill="${skin}"/><path d="M63 84c-4-56 78-56 74 0-8-22-20-30-40-30s-28 10-34 30Z" fill="${hair}"/><g fill="#2a211d"><circle cx="86" cy="92" r="3.400"/><circle cx="114" cy="92" r="3.400"/></g><path d="M90 114q10 7 20 0" stroke="#2a211d" stroke-opacity=".6" stroke-width="3" stroke-linecap="round" fill="none"/></svg>`;
}
