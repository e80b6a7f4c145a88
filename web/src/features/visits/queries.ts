import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { answer, api, type Visit } from '../../api/client';
import { keys } from '../../api/keys';
import { useScope } from '../../app/scope';
import { bounds, readFilters, type VisitFilters } from './filters';
import { listKey, withVisit, type VisitListScope, type VisitPages } from './merge';

/** The filters, and how to change them: each change is a step of the browser's history. */
export function useVisitFilters() {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => readFilters(search), [search]);
  const set = (changes: Partial<Record<keyof VisitFilters, string | undefined>>) => {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(changes)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      return next;
    });
  };
  return { filters, set };
}

const PAGE = 48;
/** A visit ends because nobody was seen for a while: nothing is sent then, so what is open is asked for again. */
const OPEN_AGAIN_MS = 20_000;
const whileOpen = (visits: Visit[] | undefined): number | false => (visits?.some((visit) => visit.open) ? OPEN_AGAIN_MS : false);

/** One page of a list, from `cursor` on. */
function useReadPage(scope: VisitListScope) {
  const { tenant } = useScope();
  const { site, kind, camera, person } = scope;
  return (cursor: string | null) =>
    answer(
      api.GET('/api/visits', {
        params: {
          query: { tenant: tenant.id, site, kind, camera, person, ...bounds(scope, scope.zone, new Date()), cursor: cursor ?? undefined, limit: PAGE },
        },
      }),
    );
}

export function useVisitList({ kind, camera, person, range, from, to }: VisitFilters) {
  const { tenant, site, zone } = useScope();
  const scope: VisitListScope = { site: site?.id, zone, kind, camera, person, range, from, to };
  const readPage = useReadPage(scope);
  const list = useInfiniteQuery({
    queryKey: listKey(tenant.id, scope),
    queryFn: ({ pageParam }) => readPage(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  useOpenAgain(scope, list.data);
  return list;
}

/** Asks again for what is open in a list: for its first page, and for each visit that is further down. */
function useOpenAgain(scope: VisitListScope, data: VisitPages | undefined) {
  const { tenant } = useScope();
  const client = useQueryClient();
  const readPage = useReadPage(scope);
  const open = data?.pages.flatMap((page) => page.items).filter((visit) => visit.open) ?? [];
  useQuery({
    queryKey: [...keys.visits(tenant.id), 'open', scope],
    queryFn: async () => {
      const { items } = await readPage(null);
      const further = open.filter((visit) => !items.some(({ id }) => id === visit.id));
      const ones = await Promise.allSettled(
        further.map(({ id }) => answer(api.GET('/api/visits/{id}', { params: { path: { id }, query: { tenant: tenant.id } } }))),
      );
      const visits = [...items, ...ones.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))];
      const now = new Date();
      client.setQueryData<VisitPages>(listKey(tenant.id, scope), (before) =>
        before && visits.reduce((pages, visit) => withVisit(pages, visit.id, visit, scope, now), before),
      );
      return now.getTime();
    },
    enabled: open.length > 0,
    initialData: Date.now,
    staleTime: OPEN_AGAIN_MS,
    refetchInterval: OPEN_AGAIN_MS,
  });
}

/** The latest visits, for the film strip and the cards at the top of the page. */
export function useLatestVisits(limit: number, camera?: string) {
  const { tenant, site } = useScope();
  return useQuery({
    queryKey: [...keys.visits(tenant.id), 'latest', { site: site?.id, camera, limit }],
    queryFn: () => answer(api.GET('/api/visits', { params: { query: { tenant: tenant.id, site: site?.id, camera, limit } } })),
    refetchInterval: (query) => whileOpen(query.state.data?.items),
  });
}

export function useVisit(id: string | null) {
  const { tenant } = useScope();
  return useQuery({
    queryKey: [...keys.visits(tenant.id), 'one', id],
    queryFn: () => answer(api.GET('/api/visits/{id}', { params: { path: { id: id ?? '' }, query: { tenant: tenant.id } } })),
    enabled: id !== null,
  });
}
