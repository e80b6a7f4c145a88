import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { Visit } from '../../api/client';
import { useScope, useZoneOf } from '../../app/scope';
import { KindBadge, SimulatedBadge } from '../../ui/badges';
import { Face, usePersonName } from '../../ui/Face';
import { formatClock, formatStay } from '../../ui/time';
import { useCameras } from '../cameras/queries';

/** The address of this page with the visit's drawer open. */
function useVisitLink(): (id: string) => string {
  const [search] = useSearchParams();
  return (id) => {
    const next = new URLSearchParams(search);
    next.set('visit', id);
    return `?${next.toString()}`;
  };
}

export function useStayText(): (visit: Visit) => string {
  const { t, i18n } = useTranslation();
  return (visit) => (visit.open ? t('visits.stayOpenShort') : formatStay(visit.stay_seconds, i18n.language));
}

/** One frame of the film strip: the face, the name, when and how long. */
export function VisitFrame({ visit }: { visit: Visit }) {
  const { i18n } = useTranslation();
  const name = usePersonName()(visit.person);
  const zone = useZoneOf()(visit.site_id);
  const stay = useStayText()(visit);
  const to = useVisitLink();
  return (
    <Link to={to(visit.id)} data-testid="visit" className="card enter group flex w-[136px] shrink-0 flex-col overflow-hidden no-underline transition-colors hover:border-line-strong">
      <span className="relative">
        <Face pictureId={visit.picture_id} name={name} className="aspect-square w-full" />
        <span className="absolute inset-x-2 bottom-2 flex items-center justify-between gap-1">
          <KindBadge kind={visit.kind} />
          {visit.simulated && <SimulatedBadge glass compact />}
        </span>
      </span>
      <span className="flex flex-col gap-0.5 px-3 pb-2.5 pt-2">
        <span className="truncate text-sm font-semibold group-hover:text-accent">{name}</span>
        <span className="flex items-baseline justify-between gap-2 text-xs tabular-nums text-ink-soft">
          <time dateTime={visit.started_at}>{formatClock(visit.started_at, zone, i18n.language)}</time>
          <span className={`truncate ${visit.open ? 'font-medium text-ok' : ''}`}>{stay}</span>
        </span>
      </span>
    </Link>
  );
}

/** One row of the list, beside its time on the line. */
export function VisitRow({ visit }: { visit: Visit }) {
  const { t, i18n } = useTranslation();
  const name = usePersonName()(visit.person);
  const zone = useZoneOf()(visit.site_id);
  const stay = useStayText()(visit);
  const to = useVisitLink();
  const { sites } = useScope();
  const cameras = useCameras().data;
  const places = visit.camera_ids?.map((id) => cameras?.find((camera) => camera.id === id)?.name).filter(Boolean) ?? [];
  const site = sites.length > 1 ? sites.find((candidate) => candidate.id === visit.site_id)?.name : undefined;
  return (
    <li className="relative flex items-stretch gap-3 pl-[52px] sm:gap-4 sm:pl-[68px]">
      <time dateTime={visit.started_at} className="absolute left-0 top-[26px] w-[38px] text-right text-sm tabular-nums text-ink-soft sm:w-[46px]">
        {formatClock(visit.started_at, zone, i18n.language)}
      </time>
      <span aria-hidden className={`absolute left-[43px] top-[31px] size-[9px] rounded-full border-2 border-paper sm:left-[54px] ${visit.open ? 'bg-ok' : 'bg-line-strong'}`} />
      <Link
        to={to(visit.id)}
        data-testid="visit"
        className="card group flex min-w-0 flex-1 items-center gap-3 px-3 py-2.5 no-underline transition-colors hover:border-line-strong sm:gap-4 sm:px-3.5"
      >
        <Face pictureId={visit.picture_id} name={name} className="size-[52px] shrink-0 rounded-[11px]" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-semibold group-hover:text-accent">{name}</span>
          <span className="mt-0.5 flex items-center gap-1.5 text-sm text-ink-soft">
            <span className="inline-flex sm:hidden">{visit.simulated && <SimulatedBadge compact />}</span>
            <span className="truncate">{[site, ...places].filter(Boolean).join(' · ')}</span>
          </span>
        </span>
        <span className="hidden items-center gap-2 sm:flex">
          {visit.simulated && <SimulatedBadge />}
          <KindBadge kind={visit.kind} nth={visit.visit_number} />
        </span>
        <span className="flex w-[76px] shrink-0 flex-col items-end gap-1 text-right sm:w-[96px]">
          <span className={`text-sm font-medium tabular-nums ${visit.open ? 'text-ok' : ''}`}>{stay}</span>
          <span className="text-xs text-ink-soft max-sm:hidden">{t('visits.stay')}</span>
          <span className="sm:hidden">
            <KindBadge kind={visit.kind} />
          </span>
        </span>
      </Link>
    </li>
  );
}
