import { QueryClient } from '@tanstack/react-query';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Visit } from '../../api/client';
import { listKey, mergePerson, mergeVisit, type VisitListScope, type VisitPages } from './merge';

const ALL: VisitListScope = { site: undefined, zone: 'Europe/Madrid', kind: undefined, camera: undefined, person: undefined, range: 'all', from: undefined, to: undefined };

/** A visit that started `at` seconds after noon. */
const visit = (id: string, at: number, extra: Partial<Visit> = {}): Visit => ({
  id, site_id: 's', person: { id: `person of ${id}`, label: 'Visitor 1' }, kind: 'returning', visit_number: 2, open: false, stay_seconds: 5, simulated: false, camera_ids: ['door'],
  started_at: new Date(Date.UTC(2026, 2, 3, 12, 0, at)).toISOString(), last_seen_at: new Date(Date.UTC(2026, 2, 3, 12, 0, at + 5)).toISOString(), ...extra,
});

describe('a change of the feed', () => {
  let client: QueryClient;
  const put = (scope: VisitListScope, pages: string[][], more = false) =>
    client.setQueryData<VisitPages>(listKey('t', scope), {
      pages: pages.map((ids, index) => ({ items: ids.map((id) => visit(id, Number(id))), next_cursor: more || index < pages.length - 1 ? 'next' : null })),
      pageParams: pages.map((_, index) => (index === 0 ? null : 'next')),
    });
  const ids = (scope: VisitListScope) => client.getQueryData<VisitPages>(listKey('t', scope))?.pages.flatMap((page) => page.items.map(({ id }) => id));
  const tell = (one: Visit, change: 'made' | 'changed' | 'removed' = 'changed') =>
    mergeVisit(client, 't', { visit_id: one.id, change, visit: change === 'removed' ? null : one });
  beforeEach(() => {
    client = new QueryClient();
  });

  test.each([
    ['is the newest', visit('50', 50), '50 40 30 20 10'],
    ['comes late', visit('25', 25), '40 30 25 20 10'],
    ['is there already', visit('30', 30, { stay_seconds: 99 }), '40 30 20 10'],
    ['began earlier than was known', visit('40', 15), '30 20 40 10'],
    ['is older than what is loaded', visit('5', 5), '40 30 20 10'],
  ])('of a visit that %s goes to its place', (_label, one, expected) => {
    put(ALL, [['40', '30'], ['20', '10']], true);
    expect(tell(one)).toBe(true);
    expect(ids(ALL)?.join(' ')).toBe(expected);
    const shown = client.getQueryData<VisitPages>(listKey('t', ALL))?.pages.flatMap((page) => page.items);
    if (one.id === '30') expect(shown?.[1]?.stay_seconds).toBe(99);
  });

  test('of the oldest visit ends a list that is whole; a removed one leaves it', () => {
    put(ALL, [['40', '30']]);
    tell(visit('5', 5));
    tell(visit('40', 40), 'removed');
    expect(ids(ALL)).toEqual(['30', '5']);
  });

  test.each([
    ['kind', { kind: 'new' }, visit('50', 50, { kind: 'new' })],
    ['site', { site: 's2' }, visit('50', 50, { site_id: 's2' })],
    ['person', { person: 'p' }, visit('50', 50, { person: { id: 'p', label: 'Visitor 3' } })],
    ['camera', { camera: 'bar' }, visit('50', 50, { camera_ids: ['bar'] })],
    ['days', { range: 'custom', from: '2026-03-04' }, visit('50', 50, { started_at: '2026-03-03T23:30:00Z' })],
  ] as const)('goes into the lists whose filters it passes: %s', (_label, filter, passes) => {
    const scope = { ...ALL, ...filter };
    put(scope, [[]]);
    tell(visit('40', 40));
    expect(ids(scope)).toEqual([]);
    tell(passes);
    expect(ids(scope)).toEqual(['50']);
  });

  test('that no longer passes the filters leaves the list', () => {
    const scope = { ...ALL, kind: 'returning' } as const;
    put(scope, [['40', '30']]);
    tell(visit('40', 40, { kind: 'new' }));
    expect(ids(scope)).toEqual(['30']);
  });

  test('asks for the lists again when one is being read', async () => {
    let finish = (): void => undefined;
    const reading = client.fetchInfiniteQuery({
      queryKey: listKey('t', ALL),
      queryFn: () =>
        new Promise<VisitPages['pages'][number]>((resolve) => {
          finish = () => resolve({ items: [], next_cursor: null });
        }),
      initialPageParam: null as string | null,
    });
    expect(tell(visit('1', 1))).toBe(false);
    finish();
    await reading;
    expect(tell(visit('1', 1))).toBe(true);
  });

  test('of a person changes the name on their visits', () => {
    put(ALL, [['40', '30']]);
    const person = { id: 'person of 30', name: 'Linh', label: 'Linh', number: 7, visits: 3, first_seen_at: '', last_seen_at: '', version: 1, simulated: false };
    expect(mergePerson(client, 't', { person_id: person.id, change: 'changed', person })).toBe(true);
    expect(client.getQueryData<VisitPages>(listKey('t', ALL))?.pages[0]?.items.map((one) => one.person.label)).toEqual(['Visitor 1', 'Linh']);
    expect(mergePerson(client, 't', { person_id: person.id, change: 'removed', person: null })).toBe(false);
  });
});
