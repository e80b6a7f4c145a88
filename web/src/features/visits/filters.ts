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
