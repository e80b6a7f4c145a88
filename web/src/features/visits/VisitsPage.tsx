import { Footprints } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Visit } from '../../api/client';
import { useScope, useZoneOf } from '../../app/scope';
import { useMediaQuery } from '../../ui/hooks';
import { LoadMore } from '../../ui/LoadMore';
import { Page } from '../../ui/Page';
import { Empty, Failure, LoadingCards } from '../../ui/states';
import { dayOf, formatDay } from '../../ui/time';
import { CountNotice } from '../privacy/CountNotice';
import { FilmStrip } from './FilmStrip';
import { FilterBar } from './FilterBar';
import { useVisitFilters, useVisitList } from './queries';
import { VisitDrawer } from './VisitDrawer';
import { VisitRow } from './VisitCard';

export function VisitsPage() {
  const { t } = useTranslation();
  const { filters } = useVisitFilters();
  const list = useVisitList(filters);
  const wide = useMediaQuery('(min-width: 640px)');
  const visits = list.data?.pages.flatMap((page) => page.items) ?? [];
  const measured = list.data?.pages[0]?.measured !== false;
  const filtered = filters.kind !== undefined || filters.camera !== undefined || filters.person !== undefined || filters.range !== 'all';

  if (!measured && visits.length === 0) {
    return (
      <Page title={t('visits.title')}>
        <CountNotice title={t('visits.count.title')} text={t('visits.count.text')} />
      </Page>
    );
  }
  return (
    <Page title={t('visits.title')}>
      {wide && (
        <section className="mb-7" aria-labelledby="just-now">
          <h2 id="just-now" className="eyebrow mb-2.5">
            {t('visits.live')}
          </h2>
          <FilmStrip />
        </section>
      )}
      <FilterBar />
      {list.isPending && <LoadingCards count={6} height={74} className="mt-5 grid gap-2.5" />}
      {list.error && !list.data && <Failure error={list.error} retry={() => void list.refetch()} />}
      {list.data && visits.length === 0 && (
        <div className="mt-6">
          <Empty
            icon={Footprints}
            title={filtered ? t('visits.empty.filtered') : t('visits.empty.title')}
            text={filtered ? undefined : t('visits.empty.text')}
          />
        </div>
      )}
      <Days visits={visits} more={list.hasNextPage} />
      <LoadMore list={list} />
      {visits.length > 0 && !list.hasNextPage && <p className="mt-6 text-center text-sm text-ink-soft">{t('visits.end')}</p>}
      <VisitDrawer />
    </Page>
  );
}

/** The list under one heading per day of the site. Where there is `more`, the last day may not be whole yet. */
function Days({ visits, more }: { visits: Visit[]; more: boolean }) {
  const { i18n } = useTranslation();
  const { zone } = useScope();
  const zoneOf = useZoneOf();
  const days = new Map<string, Visit[]>();
  for (const visit of visits) {
    const day = dayOf(new Date(visit.started_at), zoneOf(visit.site_id));
    days.set(day, [...(days.get(day) ?? []), visit]);
  }
  return [...days].map(([day, ofDay], index) => (
    <section key={day} className="mt-6" aria-label={day}>
      <h2 className="mb-3 flex items-baseline gap-3 text-[15px] font-semibold">
        {formatDay(ofDay[0]?.started_at ?? `${day}T12:00:00Z`, zone, i18n.language)}
        <span className="text-sm font-normal tabular-nums text-ink-soft" data-testid="day-count">
          {more && index === days.size - 1 ? `${ofDay.length}+` : ofDay.length}
        </span>
      </h2>
      <ol className="relative flex flex-col gap-2.5 before:absolute before:bottom-4 before:left-[47px] before:top-4 before:w-px before:bg-line sm:before:left-[58px]">
        {ofDay.map((visit) => (
          <VisitRow key={visit.id} visit={visit} />
        ))}
      </ol>
    </section>
  ));
}
