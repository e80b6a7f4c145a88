import { Button, Drawer, Skeleton, Tooltip } from 'antd';
import { UserX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { Schemas } from '../../api/client';
import { useLink, useZoneOf } from '../../app/scope';
import { KindBadge, SimulatedBadge } from '../../ui/badges';
import { Face, usePersonName } from '../../ui/Face';
import { Fact } from '../../ui/Fact';
import { Failure } from '../../ui/states';
import { formatClock, formatMoment } from '../../ui/time';
import { useCameras } from '../cameras/queries';
import { usePersonChange } from '../people/queries';
import { useGoneText } from '../privacy/useGoneText';
import { useVisit } from './queries';
import { useStayText } from './VisitCard';

/** Open while the URL names a visit (`?visit=`), on whatever page. */
export function VisitDrawer() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const id = search.get('visit');
  const visit = useVisit(id);
  const name = usePersonName();
  const close = () => {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      next.delete('visit');
      return next;
    });
  };
  return (
    <Drawer
      open={id !== null}
      onClose={close}
      size={420}
      styles={{ wrapper: { maxWidth: '100vw' }, body: { padding: 20 } }}
      title={visit.data ? t('visits.detail', { name: name(visit.data.person) }) : t('visits.title')}
      closable={{ 'aria-label': t('app.close'), placement: 'end' }}
    >
      {visit.isLoading && <Skeleton active avatar={{ shape: 'square', size: 120 }} />}
      {visit.error && <Failure error={visit.error} retry={() => void visit.refetch()} />}
      {visit.data && <Detail visit={visit.data} />}
    </Drawer>
  );
}

function Detail({ visit }: { visit: Schemas['VisitDetail'] }) {
  const { t, i18n } = useTranslation();
  const link = useLink();
  const name = usePersonName()(visit.person);
  const zone = useZoneOf()(visit.site_id);
  const stay = useStayText()(visit);
  const gone = useGoneText()(visit.sightings[0]?.picture_expires_at);
  return (
    <div className="flex flex-col gap-6">
      <div className="flex gap-4">
        <Face pictureId={visit.picture_id} name={name} goneText={gone} className="size-[132px] shrink-0 rounded-card" />
        <div className="flex min-w-0 flex-col items-start gap-2">
          <p className="max-w-full truncate text-xl font-semibold">{name}</p>
          <div className="flex flex-wrap gap-1.5">
            <KindBadge kind={visit.kind} nth={visit.visit_number} />
            {visit.simulated && <SimulatedBadge />}
          </div>
          <Link to={link('/people', { person: visit.person.id })} className="mt-auto">
            <Button size="small">{t('visits.openPerson')}</Button>
          </Link>
        </div>
      </div>
      {!visit.picture_id && gone && <p className="-mt-3 text-sm text-ink-soft first-letter:uppercase">{gone}</p>}
      <dl className="grid grid-cols-3 gap-3">
        <Fact label={t('visits.in')}>{formatMoment(visit.started_at, zone, i18n.language)}</Fact>
        <Fact label={t('visits.out')}>{visit.open ? '…' : formatClock(visit.last_seen_at, zone, i18n.language)}</Fact>
        <Fact label={t('visits.stay')}>{stay}</Fact>
      </dl>
      <section>
        <h3 className="eyebrow mb-2">{t('visits.sightings')}</h3>
        <ul className="flex flex-col gap-2">
          {visit.sightings.map((sighting) => (
            <SightingRow key={sighting.track_id} sighting={sighting} name={name} zone={zone} />
          ))}
        </ul>
      </section>
    </div>
  );
}

interface SightingProps {
  sighting: Schemas['Sighting'];
  name: string;
  zone: string;
}

/** One track that was decided to be this person; a person may say it was not. */
export function SightingRow({ sighting, name, zone }: SightingProps) {
  const { t, i18n } = useTranslation();
  const cameras = useCameras().data;
  const change = usePersonChange();
  const camera = cameras?.find((candidate) => candidate.id === sighting.camera_id);
  const gone = useGoneText()(sighting.picture_expires_at);
  return (
    <li className="flex items-center gap-3 rounded-control bg-sunken p-2.5">
      <Face pictureId={sighting.picture_id} name={name} goneText={gone} className="size-12 shrink-0 rounded-lg" />
      <div className="min-w-0 flex-1">
        <p className="truncate text-sm font-medium">
          {camera?.name ?? '—'}
          <span className="ml-2 font-normal tabular-nums text-ink-soft">{formatClock(sighting.started_at, zone, i18n.language)}</span>
        </p>
        <p className="truncate text-xs text-ink-soft">
          {[t('visits.facesCompared', { count: sighting.faces }), sighting.decision && t(`visits.decision.${sighting.decision}`)].filter(Boolean).join(' · ')}
        </p>
      </div>
      <Tooltip title={t('people.notThisHint', { name })}>
        <Button
          size="small"
          aria-label={t('people.notThis')}
          icon={<UserX size={15} aria-hidden />}
          loading={change.isPending}
          onClick={() => change.mutate({ change: { kind: 'not-this-person', track: sighting.track_id }, done: t('people.notThisDone', { name }) })}
        />
      </Tooltip>
    </li>
  );
}
