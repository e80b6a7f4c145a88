import { Tooltip } from 'antd';
import { CameraOff, CircleAlert, EyeOff, Expand, Gauge, Images, LoaderCircle, Moon, Snowflake } from 'lucide-react';
import { useMemo, useRef, useState, type CSSProperties, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { mjpegUrl, type Camera } from '../../api/client';
import { useLink, useScope, useZoneOf } from '../../app/scope';
import { Badge, Dot, SimulatedBadge, toneOfState } from '../../ui/badges';
import { usePersonName } from '../../ui/Face';
import { useReasonText } from '../../ui/reasons';
import { sentence } from '../../ui/states';
import { formatMoment } from '../../ui/time';
import { BOX_COLOURS, type DrawStyle } from './draw';
import { useTile, type TileView } from './useTile';

interface TileProps {
  camera: Camera;
  /** The camera alone on the page, not one of a wall. */
  single: boolean;
  /** Single pictures take a connection each: only a few tiles may use them. */
  picturesAllowed: boolean;
  showBoxes: boolean;
}

/** One camera: the live picture with boxes, or why there is none. */
export function Tile({ camera, single, picturesAllowed, showBoxes }: TileProps) {
  const { t } = useTranslation();
  const link = useLink();
  const name = usePersonName();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const style = useMemo<DrawStyle>(
    () => ({
      colours: BOX_COLOURS,
      label: (box) => {
        if (box.identity === 'none' || box.identity === undefined) return null;
        return box.person ? name(box.person) : t('live.unknown');
      },
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `name` changes with the language only, as `t` does
    [t],
  );
  const view = useTile(camera, video, canvas, style, showBoxes);
  const live = camera.state === 'streaming' && view.staleSeconds === null && view.playing !== 'nothing';
  const pictures = live && view.playing === 'pictures';
  const aspect = single && camera.video ? camera.video.width / camera.video.height : 16 / 9;

  return (
    <div
      ref={frame}
      data-testid="tile"
      data-camera={camera.id}
      data-live={live}
      data-people={view.people ?? undefined}
      className={`relative w-full overflow-hidden rounded-card bg-stage text-white transition-shadow duration-300 ${
        live && view.people ? 'shadow-[0_0_0_2px_#f0b45c]' : 'shadow-card'
      } ${single ? 'mx-auto max-w-[calc((100dvh-190px)*var(--aspect))] md:max-w-[calc(max(340px,100dvh-390px)*var(--aspect))]' : ''}`}
      style={{ aspectRatio: aspect, '--aspect': aspect } as CSSProperties}
    >
      <video ref={video} muted playsInline autoPlay className={`absolute inset-0 size-full object-contain ${live && !pictures ? '' : 'invisible'}`} />
      {pictures && picturesAllowed && <Pictures camera={camera} />}
      <canvas ref={canvas} aria-hidden className={`pointer-events-none absolute inset-0 size-full ${live ? '' : 'invisible'}`} />
      {(!live || (pictures && !picturesAllowed)) && <Why camera={camera} view={view} tooMany={pictures && !picturesAllowed} />}

      {!single && (
        <Link to={link(`/live/${camera.id}`)} aria-label={t('live.open', { name: camera.name })} className="absolute inset-0 rounded-card outline-offset-[-4px] focus-visible:outline-[#f0b45c]" />
      )}
      <div className="pointer-events-none absolute inset-x-0 top-0 flex items-start justify-between gap-2 p-3">
        <span className="flex min-w-0 flex-wrap gap-1.5">
          <Badge tone="glass">
            <Dot tone={live ? 'good' : toneOfState(camera.state)} />
            <span className="max-w-[180px] truncate">{camera.name}</span>
          </Badge>
          {live && view.people !== null && (
            <Badge tone="glass">
              <span className="tabular-nums">{t('live.people', { count: view.people })}</span>
            </Badge>
          )}
        </span>
        <span className="pointer-events-auto flex shrink-0 flex-wrap justify-end gap-1.5">
          {pictures && (
            <Tooltip title={t('live.mjpegHint', { codec: view.unsupported ?? '' })}>
              <span>
                <Badge tone="glass">
                  <Images size={12} aria-hidden />
                  {t('live.mjpeg')}
                </Badge>
              </span>
            </Tooltip>
          )}
          {camera.reduced && (
            <Tooltip title={t('live.reducedHint')}>
              <span>
                <Badge tone="glass">
                  <Gauge size={12} aria-hidden />
                  {t('live.reduced')}
                </Badge>
              </span>
            </Tooltip>
          )}
          {!camera.recognition && (
            <Badge tone="glass">
              <EyeOff size={12} aria-hidden />
              {t('live.recognitionCamera')}
            </Badge>
          )}
          {camera.simulated && <SimulatedBadge glass />}
        </span>
      </div>
      {single && (
        <button
          type="button"
          aria-label={t('live.enter')}
          onClick={() => void frame.current?.requestFullscreen()}
          className="absolute bottom-3 right-3 grid size-9 cursor-pointer place-items-center rounded-control bg-black/50 text-white hover:bg-black/75"
        >
          <Expand size={17} aria-hidden />
        </button>
      )}
    </div>
  );
}

/** Pictures one by one, for browsers that cannot play the camera's own video. */
function Pictures({ camera }: { camera: Camera }) {
  const { tenant } = useScope();
  const [broken, setBroken] = useState(false);
  if (broken) return null;
  return <img src={mjpegUrl(tenant.id, camera.id)} alt={camera.name} onError={() => setBroken(true)} className="absolute inset-0 size-full object-contain" />;
}

/** Why there is no picture. */
function Why({ camera, view, tooMany }: { camera: Camera; view: TileView; tooMany: boolean }) {
  const { t, i18n } = useTranslation();
  const reason = useReasonText();
  const zone = useZoneOf()(camera.site_id);
  const { state } = camera;
  const lasting = state !== 'streaming' && state !== 'connecting' && state !== 'preparing' && camera.state_since;
  const since = lasting ? formatMoment(lasting, zone, i18n.language) : null;
  let icon: ReactNode = <CircleAlert size={28} strokeWidth={1.5} aria-hidden />;
  let title: string = t(`state.${state}`);
  let text = camera.state_reason ? sentence(reason(camera.state_reason)) : null;
  if (tooMany) {
    icon = <Images size={28} strokeWidth={1.5} aria-hidden />;
    title = t('live.mjpeg');
    text = t('live.tooMany');
  } else if (state === 'streaming') {
    icon = <LoaderCircle size={28} strokeWidth={1.5} className="animate-spin" aria-hidden />;
    title = t('state.connecting');
    text = view.staleSeconds === null ? null : t('live.stale', { seconds: view.staleSeconds });
  } else if (state === 'connecting' || state === 'preparing') {
    icon = <LoaderCircle size={28} strokeWidth={1.5} className="animate-spin" aria-hidden />;
  } else if (state === 'off') {
    icon = <CameraOff size={28} strokeWidth={1.5} aria-hidden />;
  } else if (state === 'frozen') {
    icon = <Snowflake size={28} strokeWidth={1.5} aria-hidden />;
  } else if (state === 'black') {
    icon = <Moon size={28} strokeWidth={1.5} aria-hidden />;
  }
  return (
    <div role="status" className="absolute inset-0 grid place-items-center px-6 text-center">
      <div className="flex max-w-[40ch] flex-col items-center gap-2 text-white/75">
        {icon}
        <p className="font-semibold text-white">{title}</p>
        {text && <p className="line-clamp-3 text-sm">{text}</p>}
        {since && <p className="text-xs tabular-nums text-white/70">{t('live.since', { time: since })}</p>}
      </div>
    </div>
  );
}
