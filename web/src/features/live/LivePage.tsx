import { Button, Progress } from 'antd';
import { ArrowLeft, Cctv, ScanFace, ShieldOff } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { ApiError, type Camera } from '../../api/client';
import { NotFound } from '../../app/RouteError';
import { useLink, useScope } from '../../app/scope';
import { Page } from '../../ui/Page';
import { Empty, Failure, LoadingCards } from '../../ui/states';
import { DemoButton } from '../cameras/CamerasPage';
import { useCameras, useDemo } from '../cameras/queries';
import { FilmStrip } from '../visits/FilmStrip';
import { VisitDrawer } from '../visits/VisitDrawer';
import { Tile } from './Tile';

/** How many tiles may show single pictures: each takes one of the browser's six connections. */
const MAX_PICTURE_TILES = 2;

export function LivePage() {
  const { t } = useTranslation();
  const { tenant } = useScope();
  const { cameraId } = useParams();
  const cameras = useCameras();
  const link = useLink();
  const [showBoxes, setShowBoxes] = useState(true);
  const preparing = useDemo(tenant.simulated).data?.state === 'preparing';
  const all = cameras.data ?? [];
  const single = cameraId === undefined ? undefined : all.find((camera) => camera.id === cameraId);
  const shown = cameraId === undefined ? all : single ? [single] : [];

  if (cameras.data && cameraId !== undefined && !single) return <NotFound />;
  return (
    <Page
      title={single?.name ?? t('live.title')}
      actions={
        shown.length > 0 && (
          <>
            {single && all.length > 1 && (
              <Link to={link('/live')}>
                <Button icon={<ArrowLeft size={16} aria-hidden />}>{t('live.wall')}</Button>
              </Link>
            )}
            <Button aria-pressed={showBoxes} type={showBoxes ? 'default' : 'dashed'} icon={<ScanFace size={17} aria-hidden />} onClick={() => setShowBoxes(!showBoxes)}>
              {t('live.boxes')}
            </Button>
          </>
        )
      }
    >
      {tenant.simulated && <DemoPreparing />}
      {tenant.mode === 'count' && all.length > 0 && <RecognitionOff />}
      {cameras.isPending && <LoadingCards count={4} height={260} className="grid gap-4 sm:grid-cols-2" />}
      {cameras.error && !cameras.data && <Failure error={cameras.error} retry={() => void cameras.refetch()} />}
      {cameras.data?.length === 0 && !preparing && (
        <Empty icon={Cctv} title={t('live.noCameras.title')} text={t('live.noCameras.text')}>
          <Link to={link('/cameras', { form: 'new' })}>
            <Button type="primary">{t('live.noCameras.add')}</Button>
          </Link>
          <DemoButton />
        </Empty>
      )}
      <Wall cameras={shown} single={single !== undefined} showBoxes={showBoxes} />
      {shown.length > 0 && tenant.mode !== 'count' && (
        <section className="mt-7" aria-labelledby="latest">
          <h2 id="latest" className="eyebrow mb-2.5">
            {t('live.latest')}
          </h2>
          <FilmStrip camera={single?.id} />
        </section>
      )}
      <VisitDrawer />
    </Page>
  );
}

function columns(count: number): string {
  if (count <= 1) return '';
  if (count <= 4) return 'grid gap-3 sm:grid-cols-2 sm:gap-4';
  return 'grid gap-3 sm:grid-cols-2 sm:gap-4 xl:grid-cols-3';
}

function Wall({ cameras, single, showBoxes }: { cameras: Camera[]; single: boolean; showBoxes: boolean }) {
  return (
    <div className={columns(cameras.length)}>
      {cameras.map((camera, index) => (
        <Tile key={camera.id} camera={camera} single={single || cameras.length === 1} picturesAllowed={index < MAX_PICTURE_TILES} showBoxes={showBoxes} />
      ))}
    </div>
  );
}

function RecognitionOff() {
  const { t } = useTranslation();
  const link = useLink();
  return (
    <div role="note" className="card mb-4 flex flex-wrap items-center gap-x-4 gap-y-3 px-4 py-3">
      <ShieldOff size={20} strokeWidth={1.8} className="text-accent" aria-hidden />
      <p className="min-w-[200px] flex-1">
        <span className="font-semibold">{t('live.recognitionOff')}.</span> <span className="text-ink-soft">{t('live.recognitionOffText')}</span>
      </p>
      <Link to={link('/privacy')}>
        <Button type="primary">{t('live.turnOn')}</Button>
      </Link>
    </div>
  );
}

function DemoPreparing() {
  const { t } = useTranslation();
  const demo = useDemo(true).data;
  if (demo?.state === 'failed') return <Failure error={new ApiError(500, demo.message ?? t('demo.failed'))} />;
  if (demo?.state !== 'preparing') return null;
  const percent = Math.round((demo.progress ?? 0) * 100);
  return (
    <div role="status" className="card mb-4 px-5 py-4">
      <p className="font-semibold">{t('demo.preparing', { percent })}</p>
      <p className="mb-2 text-sm text-ink-soft">{t('demo.preparingText')}</p>
      <Progress percent={percent} showInfo={false} aria-label={t('demo.preparing', { percent })} />
    </div>
  );
}
