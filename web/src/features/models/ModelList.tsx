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
      {offered.map((model) => (
        <Offer key={model.name} model={model} />
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

/** The recommended pack: what it is, where it comes from, one button. */
function Offer({ model }: { model: Model }) {
  const { t, i18n } = useTranslation();
  const { modal, message } = App.useApp();
  const errorText = useErrorText();
  const client = useQueryClient();
  const install = useMutation({
    mutationFn: () => answer(api.POST('/api/models/{name}/install', { params: { path: { name: model.name } } })),
    onSuccess: (list) => {
      client.setQueryData(KEY, list);
      void message.success(t('models.installStarted', { name: model.name }));
    },
    onError: (error) => void message.error(errorText(error)),
  });
  const size = model.size_bytes ? formatBytes(model.size_bytes, i18n.language) : '—';
  const ask = () =>
    void modal.confirm({
      title: t('models.installTitle', { name: model.name }),
      content: t('models.installText', { size, source: model.source ?? '—', licence: model.licence ?? '—' }),
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
        <h2 className="font-semibold">{t('models.recommendTitle', { name: model.name })}</h2>
        <p className="mt-1 text-ink-soft">{t('models.recommendText')}</p>
        <Facts model={model} />
      </div>
      {model.state === 'installing' ? (
        <Progress className="w-full sm:w-40" percent={Math.round((model.progress ?? 0) * 100)} aria-label={t('models.state.installing')} />
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
  return (
    <section className="card p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h2 className="font-semibold">
            {model.name}
            {model.version && <span className="ml-2 text-sm font-normal text-ink-soft">{model.version}</span>}
          </h2>
          <p className="text-sm text-ink-soft first-letter:uppercase">{[model.task, model.pack].filter(Boolean).join(' · ')}</p>
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
