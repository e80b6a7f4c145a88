import { App, Button, Dropdown, Switch, Tooltip } from 'antd';
import { Ellipsis, Pencil, Play, Spline, Square, Trash2 } from 'lucide-react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Camera } from '../../api/client';
import { useLink, useScope } from '../../app/scope';
import { Badge, Dot, SimulatedBadge, toneOfState } from '../../ui/badges';
import { useClock } from '../../ui/hooks';
import { useReasonText } from '../../ui/reasons';
import { sentence, useErrorText } from '../../ui/states';
import { useDeleteCamera, useSaveCamera, useSwitchCamera } from './queries';
import { LinesOverlay, Still } from './Still';

/** "H.264 · 1280 × 720 · 25 fps"; the rate only once it is measured. */
export function videoText(video: Camera['video']): string {
  if (!video) return '';
  const names: Record<string, string> = { h264: 'H.264', hevc: 'H.265', mjpeg: 'MJPEG' };
  const rate = video.fps > 0 ? [`${Math.round(video.fps)} fps`] : [];
  return [names[video.codec] ?? video.codec, `${video.width} × ${video.height}`, ...rate].join(' · ');
}

export function CameraCard({ camera, edit }: { camera: Camera; edit: () => void }) {
  const { t } = useTranslation();
  const link = useLink();
  const { sites } = useScope();
  const { modal, message } = App.useApp();
  const errorText = useErrorText();
  const reason = useReasonText();
  const power = useSwitchCamera();
  const save = useSaveCamera();
  const remove = useDeleteCamera();
  const recognitionLabel = useId();
  const minute = Math.floor(useClock(60_000).getTime() / 60_000);
  const { name, id } = camera;
  const site = sites.length > 1 ? sites.find((candidate) => candidate.id === camera.site_id)?.name : undefined;
  const fail = (error: Error) => void message.error(errorText(error));
  const width = camera.video?.width ?? 16;
  const height = camera.video?.height ?? 9;

  const toggle = () =>
    power.mutate(
      { id, on: !camera.enabled },
      { onSuccess: () => message.success(t(camera.enabled ? 'cameras.stopped' : 'cameras.started', { name })), onError: fail },
    );
  const confirmDelete = () =>
    void modal.confirm({
      title: t('cameras.deleteTitle', { name }),
      content: t('cameras.deleteText'),
      okText: t('cameras.delete'),
      cancelText: t('app.cancel'),
      okButtonProps: { danger: true },
      autoFocusButton: 'cancel',
      onOk: () => remove.mutateAsync(id).then(() => message.success(t('cameras.deleted', { name })), fail),
    });

  return (
    <li className="card flex flex-col overflow-hidden" data-testid="camera">
      <Link to={link(`/live/${id}`)} className="relative block aspect-video bg-stage outline-offset-[-3px]">
        <span className="sr-only">
          {t('cameras.watch')}: {name}
        </span>
        <Still camera={camera} fresh={minute} className="size-full">
          {camera.state === 'streaming' && <LinesOverlay lines={camera.lines} width={width} height={height} />}
        </Still>
        <span className="absolute inset-x-3 top-3 flex justify-between">
          <Badge tone="glass">
            <Dot tone={toneOfState(camera.state)} />
            {t(`state.${camera.state}`)}
          </Badge>
          {camera.simulated && <SimulatedBadge glass />}
        </span>
      </Link>
      <div className="flex flex-1 flex-col gap-3 p-4">
        <div className="flex items-start justify-between gap-2">
          <div className="min-w-0">
            <h2 className="truncate text-lg font-semibold">{name}</h2>
            <p className="truncate text-sm tabular-nums text-ink-soft">
              {[site, videoText(camera.video) || t(`cameras.kind.${camera.kind}`)].filter(Boolean).join(' · ')}
            </p>
          </div>
          <Dropdown
            trigger={['click']}
            placement="bottomRight"
            menu={{
              items: [
                { key: 'edit', label: t('cameras.editShort'), icon: <Pencil size={15} aria-hidden /> },
                { key: 'delete', label: t('cameras.delete'), icon: <Trash2 size={15} aria-hidden />, danger: true },
              ],
              onClick: ({ key }) => (key === 'edit' ? edit() : confirmDelete()),
            }}
          >
            <Button type="text" aria-label={t('cameras.actions', { name })} icon={<Ellipsis size={18} aria-hidden />} />
          </Dropdown>
        </div>
        {camera.state_reason && camera.state !== 'streaming' && camera.state !== 'off' && (
          <p className="line-clamp-3 rounded-control bg-danger-soft px-3 py-2 text-sm text-danger">{sentence(reason(camera.state_reason))}</p>
        )}
        <div className="flex items-center justify-between gap-3 text-sm">
          <Tooltip title={camera.recognition && !camera.recognition_active ? t('cameras.recognitionMode') : undefined}>
            <span id={recognitionLabel}>
              {t('cameras.recognition')}
              {camera.recognition && !camera.recognition_active && <span className="ml-1.5 text-ink-soft">({t('cameras.notAllowed')})</span>}
            </span>
          </Tooltip>
          <Switch
            aria-labelledby={recognitionLabel}
            checked={camera.recognition}
            loading={save.isPending}
            onChange={(recognition) => save.mutate({ id, body: { recognition } }, { onError: fail })}
          />
        </div>
        <div className="mt-auto grid grid-cols-2 gap-2">
          <Button icon={camera.enabled ? <Square size={14} aria-hidden /> : <Play size={15} aria-hidden />} loading={power.isPending} onClick={toggle}>
            {camera.enabled ? t('cameras.stop') : t('cameras.start')}
          </Button>
          <Link to={link(`/cameras/${id}/line`)}>
            <Button block icon={<Spline size={16} aria-hidden />}>
              {camera.lines.length === 0 ? t('cameras.line') : t('cameras.lineSome', { count: camera.lines.length })}
            </Button>
          </Link>
        </div>
      </div>
    </li>
  );
}
