import { Button, Drawer, Skeleton } from 'antd';
import { Combine, Split } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import type { Schemas } from '../../api/client';
import { useLink, useScope } from '../../app/scope';
import { SimulatedBadge } from '../../ui/badges';
import { Face, usePersonName } from '../../ui/Face';
import { Fact } from '../../ui/Fact';
import { useClock } from '../../ui/hooks';
import { Failure } from '../../ui/states';
import { formatAgo, formatMoment } from '../../ui/time';
import { useGoneText } from '../privacy/useGoneText';
import { useVisit, useVisitList } from '../visits/queries';
import { useStayText } from '../visits/VisitCard';
import { SightingRow } from '../visits/VisitDrawer';
import { MergeModal } from './MergeModal';
import { NameEditor } from './NameEditor';
import { usePerson, usePersonChange } from './queries';

/** Open while the URL names a person (`?person=`). */
export function PersonDrawer() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const id = search.get('visit') === null ? search.get('person') : null;
  const person = usePerson(id);
  const name = usePersonName();
  const close = () => {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      next.delete('person');
      return next;
    });
  };
  return (
    <Drawer
      open={id !== null}
      onClose={close}
      size={440}
      styles={{ wrapper: { maxWidth: '100vw' }, body: { padding: 20 } }}
      title={person.data ? name(person.data) : t('people.title')}
      closable={{ 'aria-label': t('people.close'), placement: 'end' }}
      destroyOnHidden
    >
      {person.isLoading && <Skeleton active avatar={{ shape: 'square', size: 120 }} />}
      {person.error && <Failure error={person.error} retry={() => void person.refetch()} />}
      {person.data && <Profile person={person.data} close={close} />}
    </Drawer>
  );
}

function Profile({ person, close }: { person: Schemas['PersonDetail']; close: () => void }) {
  const { t, i18n } = useTranslation();
  const { zone } = useScope();
  const now = useClock(30_000);
  const name = usePersonName();
  const change = usePersonChange();
  const link = useLink();
  const [merging, setMerging] = useState(false);
  const gone = useGoneText()(person.picture_expires_at);
  return (
    <div className="flex flex-col gap-6">
      <div className="flex gap-4">
        <Face
          pictureId={person.picture_id}
          name={name(person)}
          goneText={gone}
          className="size-[132px] shrink-0 rounded-card"
        />
        <div className="flex min-w-0 flex-1 flex-col items-start gap-2">
          <NameEditor person={person} large />
          {person.simulated && <SimulatedBadge />}
          <Button size="small" className="mt-auto" icon={<Combine size={15} aria-hidden />} onClick={() => setMerging(true)}>
            {t('people.merge')}
          </Button>
        </div>
      </div>
      <dl className="grid grid-cols-2 gap-3">
        <Fact label={t('people.history')}>{person.visits}</Fact>
        <Fact label={t('people.lastSeenLabel')}>{formatAgo(person.last_seen_at, now, i18n.language)}</Fact>
        <Fact label={t('people.firstSeenLabel')}>{formatMoment(person.first_seen_at, zone, i18n.language)}</Fact>
      </dl>
      {person.merged.length > 0 && (
        <section>
          <h3 className="eyebrow mb-2">{t('people.unmergeTitle')}</h3>
          <ul className="flex flex-col gap-2">
            {person.merged.map((absorbed) => (
              <li key={absorbed.id} className="flex items-center justify-between gap-3 rounded-control bg-sunken px-3 py-2">
                <span className="truncate font-medium">{name(absorbed)}</span>
                <Button
                  size="small"
                  icon={<Split size={15} aria-hidden />}
                  loading={change.isPending}
                  onClick={() => change.mutate({ change: { kind: 'unmerge', id: absorbed.id }, done: t('people.unmerged') })}
                >
                  {t('people.unmerge')}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <div className="mb-2 flex items-center justify-between">
          <h3 className="eyebrow">{t('people.history')}</h3>
          <Link to={link('/visits', { person: person.id })} className="text-sm font-medium text-accent">
            {t('visits.list')}
          </Link>
        </div>
        <History person={person} />
      </section>
      <MergeModal person={merging ? person : null} close={() => setMerging(false)} done={close} />
    </div>
  );
}

function History({ person }: { person: Schemas['PersonDetail'] }) {
  const list = useVisitList({ kind: undefined, camera: undefined, person: person.id, range: 'all', from: undefined, to: undefined });
  const [open, setOpen] = useState<string | null>(null);
  const visits = list.data?.pages[0]?.items.slice(0, 12) ?? [];
  if (list.isPending) return <Skeleton active title={false} paragraph={{ rows: 3 }} />;
  if (list.error) return <Failure error={list.error} retry={() => void list.refetch()} />;
  return (
    <ul className="flex flex-col">
      {visits.map((visit) => (
        <HistoryRow key={visit.id} visit={visit} person={person} open={open === visit.id} toggle={() => setOpen(open === visit.id ? null : visit.id)} />
      ))}
    </ul>
  );
}

interface HistoryRowProps {
  visit: Schemas['Visit'];
  person: Schemas['PersonDetail'];
  open: boolean;
  toggle: () => void;
}

function HistoryRow({ visit, person, open, toggle }: HistoryRowProps) {
  const { i18n } = useTranslation();
  const { zone } = useScope();
  const stay = useStayText()(visit);
  const name = usePersonName()(person);
  const detail = useVisit(open ? visit.id : null);
  return (
    <li className="border-b border-line last:border-0">
      <button type="button" aria-expanded={open} onClick={toggle} className="flex w-full cursor-pointer items-center justify-between gap-3 py-2.5 text-left text-sm hover:text-accent">
        <span className="tabular-nums">{formatMoment(visit.started_at, zone, i18n.language)}</span>
        <span className="tabular-nums text-ink-soft">{stay}</span>
      </button>
      {open && detail.data && (
        <ul className="mb-3 flex flex-col gap-2">
          {detail.data.sightings.map((sighting) => (
            <SightingRow key={sighting.track_id} sighting={sighting} name={name} zone={zone} />
          ))}
        </ul>
      )}
    </li>
  );
}
