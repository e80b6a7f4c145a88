import { App, Button, Tooltip } from 'antd';
import { ArrowLeft, ArrowLeftRight, Plus, RefreshCw, Trash2, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import type { Camera, Line } from '../../api/client';
import { useLink } from '../../app/scope';
import { Page } from '../../ui/Page';
import { Failure, LoadingCards, useErrorText } from '../../ui/states';
import { NotFound } from '../../app/RouteError';
import { LineEditor } from './LineEditor';
import { firstLine, lineProblem, swapped } from './line-geometry';
import { useCameras, useSetLines } from './queries';

/** At most as many as the server takes. */
const MAX_LINES = 8;

export function LinesPage() {
  const { t } = useTranslation();
  const { cameraId } = useParams();
  const cameras = useCameras();
  const camera = cameras.data?.find((candidate) => candidate.id === cameraId);
  if (cameras.isPending) return <LoadingCards count={1} height={420} className="p-8" />;
  if (cameras.error && !cameras.data) return <Failure error={cameras.error} retry={() => void cameras.refetch()} />;
  if (!camera) return <NotFound />;
  return (
    <Page title={t('lines.title', { name: camera.name })} lead={t('lines.lead')}>
      <Lines key={camera.id} camera={camera} />
    </Page>
  );
}

function Lines({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const link = useLink();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const save = useSetLines();
  const [lines, setLines] = useState<Line[]>(() =>
    camera.lines.length > 0 ? camera.lines : [firstLine(t('lines.number', { n: 1 }))],
  );
  const [chosen, setChosen] = useState(0);
  const [fresh, setFresh] = useState(() => Date.now());
  const [noStill, setNoStill] = useState(false);
  const nextName = (taken: Line[]): string => {
    const free = Array.from({ length: MAX_LINES }, (_, index) => t('lines.number', { n: index + 1 })).find((name) => taken.every((line) => line.name !== name));
    return free ?? t('lines.number', { n: taken.length + 1 });
  };
  const replace = (index: number, line: Line) => setLines((before) => before.map((other, i) => (i === index ? line : other)));
  const changed = JSON.stringify(lines) !== JSON.stringify(camera.lines);

  return (
    <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_320px]">
      <div>
        <LineEditor
          camera={camera}
          fresh={fresh}
          lines={lines}
          chosen={chosen}
          choose={setChosen}
          change={replace}
          onMissing={() => setNoStill(true)}
        />
        <p className="mt-2.5 flex flex-wrap items-center justify-between gap-2 text-sm text-ink-soft">
          <span>{noStill ? t('lines.noStill') : t('lines.keys')}</span>
          <Button
            type="text"
            size="small"
            icon={<RefreshCw size={14} aria-hidden />}
            onClick={() => {
              setNoStill(false);
              setFresh(Date.now());
            }}
          >
            {t('lines.refresh')}
          </Button>
        </p>
      </div>
      <aside className="flex flex-col gap-3">
        {lines.length === 0 && <p className="card px-4 py-4 text-ink-soft">{t('lines.none')}</p>}
        {lines.map((line, index) => (
          <LineRow
            key={line.id ?? index}
            line={line}
            active={index === chosen}
            choose={() => setChosen(index)}
            change={(next) => replace(index, next)}
            remove={() => {
              setLines((before) => before.filter((_, i) => i !== index));
              setChosen(0);
            }}
          />
        ))}
        {lines.length < MAX_LINES && (
          <Button
            type="dashed"
            icon={<Plus size={16} aria-hidden />}
            onClick={() => {
              setLines((before) => [...before, firstLine(nextName(before))]);
              setChosen(lines.length);
            }}
          >
            {t('lines.add')}
          </Button>
        )}
        <div className="mt-2 flex gap-2">
          <Link to={link('/cameras')}>
            <Button icon={<ArrowLeft size={16} aria-hidden />}>{t('app.back')}</Button>
          </Link>
          <Button
            type="primary"
            className="flex-1"
            disabled={!changed}
            loading={save.isPending}
            onClick={() =>
              save.mutate(
                { id: camera.id, lines },
                {
                  onSuccess: (saved) => {
                    // With the ids that they have now: saved again without, they would be other lines.
                    setLines(saved.lines);
                    void message.success(t('lines.saved'));
                  },
                  onError: (error) => void message.error(errorText(error)),
                },
              )
            }
          >
            {t('app.save')}
          </Button>
        </div>
      </aside>
    </div>
  );
}

interface LineRowProps {
  line: Line;
  active: boolean;
  choose: () => void;
  change: (line: Line) => void;
  remove: () => void;
}

function LineRow({ line, active, choose, change, remove }: LineRowProps) {
  const { t } = useTranslation();
  const problem = lineProblem(line);
  return (
    <div className={`card px-4 py-3.5 ${active ? 'border-accent' : ''}`}>
      <div className="flex items-center justify-between gap-2">
        <button type="button" aria-pressed={active} onClick={choose} className="min-w-0 flex-1 cursor-pointer truncate text-left font-semibold">
          {line.name}
        </button>
        <Tooltip title={t('lines.remove')}>
          <Button type="text" size="small" aria-label={`${t('lines.remove')}: ${line.name}`} icon={<Trash2 size={15} aria-hidden />} onClick={remove} />
        </Tooltip>
      </div>
      <Button
        size="small"
        className="mt-2"
        icon={<ArrowLeftRight size={14} aria-hidden />}
        onClick={() => {
          choose();
          change(swapped(line));
        }}
      >
        {t('lines.swap')}
      </Button>
      {problem && (
        <p role="status" className="mt-3 flex gap-2 text-sm text-amber">
          <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden />
          {t(`lines.${problem}`)}
        </p>
      )}
    </div>
  );
}
