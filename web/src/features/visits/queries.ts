import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { answer, api, type Visit } from '../../api/client';
import { keys } from '../../api/keys';
import { useScope } from '../../app/scope';
import { dayOf, startOfDay } from '../../ui/time';

export const RANGES = ['today', 'yesterday', 'week', 'month', 'all', 'custom'] as const;
export type Range = (typeof RANGES)[number];

/** The filters of the list, exactly as the URL says them. */
export interface VisitFilters {
  kind: 'new' | 'returning' | undefined;
  camera: string | undefined;
  person: string | undefined;
  range: Range;
  /** Site days, inclusive; only for the range `custom`. */
  from: string | undefined;
  to: string | undefined;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function readFilters(search: URLSearchParams): VisitFilters {
  const kind = search.get('kind');
  const range = search.get('range');
  const day = (name: string) => {
    const value = search.get(name);
    return value && DAY.test(value) ? value : undefined;
  };
  return {
    kind: kind === 'new' || kind === 'returning' ? kind : undefined,
    camera: search.get('camera') ?? undefined,
    person: search.get('person') ?? undefined,
    range: RANGES.find((known) => known === range) ?? 'all',
    from: day('from'),
    to: day('to'),
  };
}

const nextDay = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** The instants [from, to) that the range means at a site in `zone`. */
export function bounds(filters: VisitFilters, zone: string, now: Date): { from?: string; to?: string } {
  const today = dayOf(now, zone);
  switch (filters.range) {
    case 'today':
      return { from: startOfDay(today, zone) };
    case 'yesterday':
      return { from: startOfDay(dayOf(now, zone, -1), zone), to: startOfDay(today, zone) };
    case 'week':
      return { from: startOfDay(dayOf(now, zone, -6), zone) };
    case 'month':
      return { from: startOfDay(dayOf(now, zone, -29), zone) };
    case 'custom':
      return {
        from: filters.from && startOfDay(filters.from, zone),
        to: filters.to && startOfDay(nextDay(filters.to), zone),
      };
    case 'all':
      return {};
  }
}

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

export function useVisitList(filters: VisitFilters) {
  const { tenant, site, zone } = useScope();
  const { kind, camera, person, range, from, to } = filters;
  return useInfiniteQuery({
    queryKey: [...keys.visits(tenant.id), 'list', { site: site?.id, kind, camera, person, range, from, to }],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET('/api/visits', {
          params: {
            query: {
              tenant: tenant.id, site: site?.id, kind, camera, person, ...bounds(filters, zone, new Date()),
              cursor: pageParam ?? undefined, limit: PAGE,
            },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) => whileOpen(query.state.data?.pages.flatMap((page) => page.items)),
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
