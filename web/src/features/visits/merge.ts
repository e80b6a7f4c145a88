import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { Schemas, Visit } from '../../api/client';
import { keys } from '../../api/keys';
import { bounds, type VisitFilters } from './filters';

export type VisitPages = InfiniteData<Schemas['VisitPage'], unknown>;

/** What a list shows: its filters, and where. The last part of its query key. */
export interface VisitListScope extends VisitFilters {
  site: string | undefined;
  zone: string;
}

export const listKey = (tenant: string, scope: VisitListScope) => [...keys.visits(tenant), 'list', scope] as const;

/** Whether `visit` belongs into a list. With a camera in the filter only its first camera tells; what is in the list stays. */
function belongs(visit: Visit, scope: VisitListScope, listed: boolean, now: Date): boolean {
  const { from, to } = bounds(scope, scope.zone, now);
  const started = Date.parse(visit.started_at);
  return (
    (!scope.site || visit.site_id === scope.site) &&
    (!scope.kind || visit.kind === scope.kind) &&
    (!scope.person || visit.person.id === scope.person) &&
    (!scope.camera || listed || (visit.camera_ids ?? []).includes(scope.camera)) &&
    (!from || started >= Date.parse(from)) &&
    (!to || started < Date.parse(to))
  );
}

/** The order of the list: newest first. */
const isBefore = (a: Visit, b: Visit): boolean =>
  a.started_at === b.started_at ? a.id > b.id : Date.parse(a.started_at) > Date.parse(b.started_at);

/** The list with `visit` as it is now (null: gone) in its place. What lies beyond the loaded pages is left to them. */
export function withVisit(data: VisitPages, id: string, visit: Visit | null, scope: VisitListScope, now: Date): VisitPages {
  const listed = data.pages.some((page) => page.items.some((item) => item.id === id));
  const wanted = visit !== null && belongs(visit, scope, listed, now) ? visit : null;
  if (!listed && !wanted) return data;
  const pages = data.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.id !== id) }));
  if (wanted) {
    const page = pages.find(({ items }) => items.some((item) => isBefore(wanted, item))) ?? (pages.at(-1)?.next_cursor ? undefined : pages.at(-1));
    const index = page?.items.findIndex((item) => isBefore(wanted, item)) ?? -1;
    page?.items.splice(index < 0 ? page.items.length : index, 0, wanted);
  }
  return { ...data, pages };
}

/** The lists of `tenant` that are in the cache, changed. False when one is being read just now: what it brings may be older. */
function changeLists(client: QueryClient, tenant: string, change: (data: VisitPages, scope: VisitListScope) => VisitPages): boolean {
  let whole = true;
  for (const query of client.getQueryCache().findAll({ queryKey: [...keys.visits(tenant), 'list'] })) {
    if (query.state.fetchStatus === 'fetching') whole = false;
    const scope = query.queryKey.at(-1) as VisitListScope;
    client.setQueryData<VisitPages>(query.queryKey, (data) => data && change(data, scope));
  }
  return whole;
}

/** Puts one visit of the feed into every list; false when the lists have to be read again. */
export function mergeVisit(client: QueryClient, tenant: string, item: Schemas['FeedVisit']): boolean {
  if (item.visit === undefined) return false;
  const visit = item.change === 'removed' ? null : item.visit;
  const now = new Date();
  return changeLists(client, tenant, (data, scope) => withVisit(data, item.visit_id, visit, scope, now));
}

/** Gives the visits of a person the name that they have now; false when the lists have to be read again. */
export function mergePerson(client: QueryClient, tenant: string, item: Schemas['FeedPerson']): boolean {
  const { person } = item;
  if (!person || item.change === 'removed') return false;
  const { id, name, label, number } = person;
  return changeLists(client, tenant, (data) => ({
    ...data,
    pages: data.pages.map((page) => ({
      ...page,
      items: page.items.map((visit) => (visit.person.id === id ? { ...visit, person: { id, name, label, number } } : visit)),
    })),
  }));
}
