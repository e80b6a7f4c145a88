import { useTranslation } from 'react-i18next';
import { LoadingCards } from '../../ui/states';
import { useLatestVisits } from './queries';
import { VisitFrame } from './VisitCard';

/** The latest visits side by side, newest first; it moves by itself. */
export function FilmStrip({ camera, limit = 14 }: { camera?: string; limit?: number }) {
  const { t } = useTranslation();
  const latest = useLatestVisits(limit, camera);
  if (latest.isPending) return <LoadingCards count={6} height={206} className="grid grid-cols-2 gap-3 overflow-hidden sm:grid-cols-6" />;
  if (!latest.data || latest.data.measured === false) return null;
  if (latest.data.items.length === 0) return <p className="py-2 text-sm text-ink-soft">{t('live.noVisits')}</p>;
  return (
    // A scrolling region has to be reachable by keyboard even when its links are not all in view.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="scroll-quiet -mx-1 flex gap-3 overflow-x-auto px-1 pb-2 pt-0.5" role="region" aria-label={t('live.latest')} tabIndex={0}>
      {latest.data.items.map((visit) => (
        <VisitFrame key={visit.id} visit={visit} />
      ))}
    </div>
  );
}
