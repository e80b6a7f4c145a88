import { PlugZap } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFeedConnection } from '../api/feed';
import { formatClock } from '../ui/time';
import { useScope } from './scope';

/** Says that the server is away and since when, as long as it is: what is on the page may be old. */
export function ConnectionBanner() {
  const lost = useFeedConnection() === 'closed';
  return <div role="status">{lost && <Lost />}</div>;
}

function Lost() {
  const { t, i18n } = useTranslation();
  const { zone } = useScope();
  const [since] = useState(() => new Date().toISOString());
  return (
    <p data-testid="lost" className="enter flex items-center gap-2.5 border-b border-danger/25 bg-danger-soft px-4 py-2.5 text-sm text-danger sm:px-6 rail:px-9">
      <PlugZap size={17} strokeWidth={1.8} aria-hidden className="shrink-0" />
      <span>
        <span className="font-semibold">{t('app.lost.title', { time: formatClock(since, zone, i18n.language) })}</span> {t('app.lost.text')}
      </span>
    </p>
  );
}
