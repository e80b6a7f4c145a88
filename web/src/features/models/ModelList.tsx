import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, Progress } from 'antd';
import { Boxes, Download, Sparkles } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client';
import { Badge, type Tone } from '../../ui/badges';
import { Empty, Failure, LoadingCards, useErrorText } from '../../ui/states';
import { formatBytes } from '../../ui/time';

type Model = Schemas['Model'];
const KEY = ['models'] as const;

function useModels() {
  return useQuery({
    queryKey: KEY,
    queryFn: () => answer(api.GET('/api/models')),
    refetchInterval: (query) => (query.state.data?.items.some((model) => model.state === 'installing') ? 1500 : false),
  });
}

export function ModelList() {
  const { t } = useTranslation();
  const models = useModels();
  if (models.isPending) return <LoadingCards count={3} height={110} className="mt-2 grid gap-3" />;
  if (models.error) return <Failure error={models.error} retry={() => void models.refetch()} />;
  const { items, runtime } = models.data;
  const offered = items.filter((model) => model.recommended && model.installable);
  const rest = items.filter((model) => !offered.includes(model));
  return (
    <div className="mt-1 flex flex-col gap-3">
      <p className="mb-1 text-ink-soft">{t('models.lead')}</p>
      {[...byPack(offered)].map(([pack, models]) => (
        <Offer key={pack} pack={pack} models={models} />
      ))}
      {rest.length === 0 && <Empty icon={Boxes} title={t('models.emptyTitle')} text={t('models.emptyText')} />}
      {rest.map((model) => (
        <ModelRow key={model.name} model={model} />
      ))}
      {runtime && (
        <p className="mt-2 text-sm text-ink-soft">
          {t('models.runtime')}:{' '}
          <span className={runtime.ready ? 'text-ink' : 'font-medium text-danger'}>
            {runtime.ready ? t('models.runtimeReady', { version: runtime.version ?? '—' }) : (runtime.message ?? t('models.runtimeOff'))}
          </span>
        </p>
      )}
    </div>
  );
}

/** Models that are installed together, by the name of their pack; one without a pack is its own. */
export function byPack(models: Model[]): Map<string, Model[]> {
  const packs = new Map<string, Model[]>();
  for (const model of models) {
    const pack = model.pack ?? model.name;
    packs.set(pack, [...(packs.get(pack) ?? []), model]);
  }
  return packs;
}

const TASKS = [
  'centernet', 'ssd_mobilenetv1', 'tiny_face_detector', 'face_landmark_68', 'facemesh', 'face_recognition', 'age_gender', 'faceres',
  'face_expression', 'emotion', 'movenet-lightning', 'antispoof', 'liveness', 'blazeface', 'yunet', 'sface', 'fer-mobilefacenet',
] as const;

/** What a model is for, in the language of the page where we know the model. */
function useTask(): (model: Model) => string {
  const { t } = useTranslation();
  return ({ name, task }) => {
    const known = TASKS.find((candidate) => candidate === name);
    return known ? t(`models.tasks.${known}`) : task;
  };
}

const distinct = (values: (string | null | undefined)[]): string => [...new Set(values.filter(Boolean))].join(', ') || '—';

/** The recommended pack: what it is, where it comes from, one button. */
function Offer({ pack, models }: { pack: string; models: Model[] }) {
  const { t, i18n } = useTranslation();
  const { modal, message } = App.useApp();
  const errorText = useErrorText();
  const task = useTask();
  const client = useQueryClient();
  const number = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 4 });
  const install = useMutation({
    mutationFn: () => answer(api.POST('/api/models/{name}/install', { params: { path: { name: pack } } })),
    onSuccess: (list) => {
      client.setQueryData(KEY, list);
      void message.success(t('models.installStarted', { name: pack }));
    },
    onError: (error) => void message.error(errorText(error)),
  });
  const bytes = models.reduce((sum, model) => sum + (model.size_bytes ?? 0), 0);
  const size = bytes > 0 ? formatBytes(bytes, i18n.language) : '—';
  const source = distinct(models.map((model) => model.source));
  const licence = distinct(models.map((model) => model.licence));
  const installing = models.filter((model) => model.state === 'installing');
  const progress = installing.reduce((sum, model) => sum + (model.progress ?? 0), 0) / Math.max(1, installing.length);
  const ask = () =>
    void modal.confirm({
      title: t('models.installTitle', { name: pack }),
      content: t('models.installText', { size, source, licence }),
      okText: t('models.install'),
      cancelText: t('app.cancel'),
      onOk: () => install.mutateAsync().catch(() => undefined),
    });
  return (
    <section className="card flex flex-wrap items-start gap-4 border-accent/40 bg-accent-soft p-5">
      <span className="grid size-11 shrink-0 place-items-center rounded-full bg-surface text-accent">
        <Sparkles size={20} aria-hidden />
      </span>
      <div className="min-w-[220px] flex-1">
        <h2 className="font-semibold">{t('models.recommendTitle', { name: pack })}</h2>
        <p className="mt-1 text-ink-soft">{t('models.recommendText')}</p>
        <dl className="mt-3 flex flex-wrap gap-x-7 gap-y-2 text-sm">
          <Pair label={t('models.size')}>{size}</Pair>
          <Pair label={t('models.licence')}>{licence}</Pair>
          <Pair label={t('models.source')}>{source}</Pair>
        </dl>
        <ul className="mt-3 flex flex-col gap-1 text-sm">
          {models.map((model) => (
            <li key={model.name}>
              <span className="font-medium">{model.name}</span> <span className="text-ink-soft">{task(model)}</span>
              {model.measured?.map((row) => (
                <span key={row.metric + row.dataset} className="ml-2 tabular-nums">
                  {number.format(row.value)} {t('models.metricOn', { metric: row.metric, dataset: row.dataset })}
                </span>
              ))}
            </li>
          ))}
        </ul>
      </div>
      {installing.length > 0 ? (
        <Progress className="w-full sm:w-40" percent={Math.round(progress * 100)} aria-label={t('models.state.installing')} />
      ) : (
        <Button type="primary" icon={<Download size={16} aria-hidden />} loading={install.isPending} onClick={ask}>
          {t('models.install')}
        </Button>
      )}
    </section>
  );
}

const tones: Record<Model['state'], Tone> = { ready: 'accent', missing: 'plain', damaged: 'danger', installing: 'amber' };

function ModelRow({ model }: { model: Model }) {
  const { t } = useTranslation();
  const task = useTask();
  return (
    <section className="card p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h2 className="font-semibold">
            {model.name}
            {model.version && <span className="ml-2 text-sm font-normal text-ink-soft">{model.version}</span>}
          </h2>
          <p className="text-sm text-ink-soft first-letter:uppercase">{[task(model), model.pack].filter(Boolean).join(' · ')}</p>
        </div>
        <span className="flex gap-1.5">
          {model.state === 'ready' && <Badge>{model.in_use ? t('models.inUse') : t('models.notInUse')}</Badge>}
          <Badge tone={tones[model.state]}>{t(`models.state.${model.state}`)}</Badge>
        </span>
      </div>
      {model.message && model.state !== 'ready' && <p className="mt-3 rounded-control bg-danger-soft px-3 py-2 text-sm text-danger">{model.message}</p>}
      <Facts model={model} />
    </section>
  );
}

function Facts({ model }: { model: Model }) {
  const { t, i18n } = useTranslation();
  const number = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 4 });
  return (
    <dl className="mt-3 flex flex-wrap gap-x-7 gap-y-2 text-sm">
      <Pair label={t('models.accuracy')}>
        {model.measured && model.measured.length > 0
          ? model.measured.map((row) => (
              <span key={row.metric + row.dataset} className="mr-3 tabular-nums">
                <span className="font-semibold">{number.format(row.value)}</span> {t('models.metricOn', { metric: row.metric, dataset: row.dataset })}
              </span>
            ))
          : t('models.notMeasured')}
      </Pair>
      {model.size_bytes ? <Pair label={t('models.size')}>{formatBytes(model.size_bytes, i18n.language)}</Pair> : null}
      {model.licence && <Pair label={t('models.licence')}>{model.licence}</Pair>}
      {model.source && <Pair label={t('models.source')}>{model.source}</Pair>}
    </dl>
  );
}

function Pair({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-ink-soft">{label}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}
