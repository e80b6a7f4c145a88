import { useQuery } from '@tanstack/react-query';
import { Button, Tooltip } from 'antd';
import { Info, Maximize, Minimize } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api, type Schemas } from '../../api/client';
import { useFeedConnection } from '../../api/feed';
import { keys } from '../../api/keys';
import { useLink, useScope } from '../../app/scope';
import { useWallScreen } from '../../app/wall-screen';
import { SimulatedBadge } from '../../ui/badges';
import { Page } from '../../ui/Page';
import { Failure, LoadingCards } from '../../ui/states';
import { formatClock, formatCount } from '../../ui/time';

export function useNowNumbers() {
  const { tenant, site } = useScope();
  return useQuery({
    queryKey: keys.now(tenant.id, site?.id ?? null),
    queryFn: () => answer(api.GET('/api/now', { params: { query: { tenant: tenant.id, site: site?.id } } })),
    refetchInterval: 30_000,
  });
}

/** The number for the wall: how many are inside, and today's counts beside it. */
export function NowPage() {
  const { t } = useTranslation();
  const { tenant, site, sites } = useScope();
  const wall = useWallScreen();
  const now = useNowNumbers();
  const place = site?.name ?? (sites.length === 1 ? sites[0]?.name : undefined) ?? tenant.name;
  if (wall.on) {
    return (
      <div className="flex min-h-dvh flex-col bg-paper px-[4vw] py-[4vh]">
        <div className="flex items-center justify-between text-lg text-ink-soft">
          <h1 className="font-medium">{place}</h1>
          <Button type="text" icon={<Minimize size={18} aria-hidden />} onClick={() => wall.set(false)} aria-label={t('now.wallOff')} />
        </div>
        {now.data && <Numbers now={now.data} wall />}
        {now.error && <Failure error={now.error} retry={() => void now.refetch()} />}
      </div>
    );
  }
  return (
    <Page
      title={t('now.title')}
      lead={place}
      actions={
        <Button className="max-sm:hidden" icon={<Maximize size={16} aria-hidden />} onClick={() => wall.set(true)}>
          {t('now.wallOn')}
        </Button>
      }
    >
      {now.isPending && <LoadingCards count={3} height={180} className="grid gap-4" />}
      {now.error && !now.data && <Failure error={now.error} retry={() => void now.refetch()} />}
      {now.data && <Numbers now={now.data} wall={false} />}
    </Page>
  );
}

function Numbers({ now, wall }: { now: Schemas['Now']; wall: boolean }) {
  const { t, i18n } = useTranslation();
  const { zone } = useScope();
  const link = useLink();
  const connection = useFeedConnection();
  const time = formatClock(now.as_of, zone, i18n.language);
  return (
    <div className="flex flex-1 flex-col gap-4">
      <section
        className={`${wall ? 'flex-1' : 'card min-h-[300px] py-10'} relative flex flex-col items-center justify-center px-4 text-center`}
        aria-live="polite"
        data-testid="inside"
      >
        {now.inside === null ? (
          <>
            <p className={`${wall ? 'text-[6vw]' : 'text-2xl'} font-semibold text-ink-soft`}>—</p>
            <p className="mt-3 max-w-[40ch] text-lg text-ink-soft">{now.cameras_total === 0 ? t('live.noCameras.title') : t('now.noLine')}</p>
            <Link to={now.cameras_total === 0 ? link('/cameras', { form: 'new' }) : link('/cameras')} className="mt-4">
              <Button type="primary">{now.cameras_total === 0 ? t('live.noCameras.add') : t('now.drawLine')}</Button>
            </Link>
          </>
        ) : (
          <>
            <BigNumber value={now.inside} wall={wall} />
            <p className={`${wall ? 'text-[max(20px,2.6vw)]' : 'text-xl'} mt-2 font-medium text-ink-soft`}>{t('now.inside')}</p>
          </>
        )}
        <p className={`mt-5 flex flex-wrap items-center justify-center gap-2 text-ink-soft ${wall ? 'text-[max(14px,1.25vw)]' : 'text-sm'}`}>
          {now.simulated && <SimulatedBadge />}
          {connection === 'closed' ? (
            <span className="font-medium text-danger">{t('now.lost', { time })}</span>
          ) : (
            <span>{t('now.asOf', { time })}</span>
          )}
        </p>
      </section>
      <section className={`grid grid-cols-2 gap-3 sm:gap-4 ${wall ? 'lg:grid-cols-6' : 'lg:grid-cols-3 2xl:grid-cols-6'}`}>
        <Tile wall={wall} label={t('now.entriesToday')} value={now.entries_today} hint={t('now.entriesHint')} missing="line" />
        <Tile wall={wall} label={t('now.exitsToday')} value={now.exits_today} missing="line" />
        <Tile wall={wall} label={t('now.visitsOpen')} value={now.visits_open} missing="mode" />
        <Tile wall={wall} label={t('now.visitsToday')} value={now.visits_today} missing="mode" />
        <Tile wall={wall} label={t('now.newToday')} value={now.new_today} missing="mode" />
        <Tile wall={wall} label={t('now.returningToday')} value={now.returning_today} missing="mode" />
      </section>
      <p className={`text-ink-soft ${wall ? 'text-[max(13px,1.1vw)]' : 'text-sm'}`}>
        {t('now.camerasLive')}: <span className="tabular-nums text-ink">{now.cameras_streaming} / {now.cameras_total}</span>
      </p>
    </div>
  );
}

function BigNumber({ value, wall }: { value: number; wall: boolean }) {
  const { i18n } = useTranslation();
  const [beat, setBeat] = useState(0);
  const before = useRef(value);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    setBeat((count) => count + 1);
  }, [value]);
  return (
    <p
      key={beat}
      className={`${wall ? 'text-[min(38vw,52vh)]' : 'text-[clamp(112px,20vw,216px)]'} enter font-semibold leading-[0.9] tracking-[-0.04em] tabular-nums text-accent`}
    >
      {formatCount(value, i18n.language)}
    </p>
  );
}

interface TileProps {
  /** Read from across the room. */
  wall: boolean;
  label: string;
  value: number | null;
  hint?: string;
  /** What a missing number needs: a door line, or another mode. */
  missing: 'line' | 'mode';
}

function Tile({ wall, label, value, hint, missing }: TileProps) {
  const { t, i18n } = useTranslation();
  return (
    <div className="card flex flex-col justify-between px-4 py-4 sm:px-5">
      <p className={`flex items-center gap-1.5 text-ink-soft ${wall ? 'text-[max(13px,1.25vw)]' : 'text-sm'}`}>
        {label}
        {hint && (
          <Tooltip title={hint}>
            <button type="button" aria-label={hint} className="cursor-help">
              <Info size={14} aria-hidden />
            </button>
          </Tooltip>
        )}
      </p>
      {value === null ? (
        <p className={`mt-2 font-medium leading-snug text-ink-soft ${wall ? 'text-[max(13px,1.25vw)]' : 'text-sm'}`}>{missing === 'mode' ? t('now.notMeasured') : t('now.noLineShort')}</p>
      ) : (
        <p className={`mt-1 font-semibold tabular-nums tracking-tight ${wall ? 'text-[max(34px,3.6vw)] leading-tight' : 'text-3xl'}`}>{formatCount(value, i18n.language)}</p>
      )}
    </div>
  );
}
