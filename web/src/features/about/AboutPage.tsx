import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { answer, api, ApiError, type Schemas } from '../../api/client';
import { Mark } from '../../app/Navigation';
import { Page } from '../../ui/Page';
import { Fact } from '../../ui/Fact';
import { Failure, LoadingCards } from '../../ui/states';

/** /readyz answers 503 with the same body when something needed is not ready: that is an answer, not a failure. */
async function readiness(): Promise<Schemas['Ready']> {
  const { data, error, response } = await api.GET('/readyz');
  const body = data ?? error;
  if (!body) throw new ApiError(response.status, response.statusText);
  return body;
}

const CHECKS = ['database', 'web', 'ingest', 'sandbox', 'models', 'worker', 'pictures'] as const;

export function AboutPage() {
  const { t } = useTranslation();
  const nameOf = (name: string): string => {
    const known = CHECKS.find((check) => check === name);
    return known ? t(`about.checks.${known}`) : name;
  };
  const version = useQuery({ queryKey: ['version'], queryFn: () => answer(api.GET('/api/version')) });
  const ready = useQuery({ queryKey: ['ready'], queryFn: readiness, refetchInterval: 15_000 });
  return (
    <Page title={t('about.title')} narrow>
      <section className="card flex flex-col gap-6 p-6 sm:flex-row sm:items-center">
        <Mark size={64} />
        <div>
          <p className="text-xl font-semibold tracking-tight">{t('app.name')}</p>
          <p className="mt-1 max-w-[58ch] text-ink-soft">{t('about.lead')}</p>
        </div>
      </section>
      <section className="mt-4 card p-6">
        {version.error && <Failure error={version.error} retry={() => void version.refetch()} />}
        <dl className="grid grid-cols-3 gap-5">
          <Fact label={t('about.version')}>{version.data?.version ?? '…'}</Fact>
          <Fact label={t('about.api')}>{version.data ? `v${version.data.api}` : '…'}</Fact>
          <Fact label={t('about.licence')}>MIT</Fact>
        </dl>
        <p className="mt-4 text-sm text-ink-soft">{t('about.mit')}</p>
      </section>
      <h2 className="mb-3 mt-8 text-lg font-semibold">{t('about.health')}</h2>
      {ready.isPending && <LoadingCards count={4} height={44} className="grid gap-2" />}
      {ready.error && <Failure error={ready.error} retry={() => void ready.refetch()} />}
      <ul className="card divide-y divide-line empty:hidden">
        {ready.data?.checks.map((check) => (
          <li key={check.name} className="flex items-start gap-3 px-5 py-3">
            {check.ready ? (
              <CircleCheck size={18} className="mt-0.5 shrink-0 text-ok" aria-hidden />
            ) : (
              <CircleX size={18} className={`mt-0.5 shrink-0 ${check.required ? 'text-danger' : 'text-amber'}`} aria-hidden />
            )}
            <div className="min-w-0 flex-1">
              <span className="font-medium">{nameOf(check.name)}</span>
              {check.message && <p className="break-words text-sm text-ink-soft">{check.message}</p>}
            </div>
            <span className="text-sm text-ink-soft">
              {check.ready ? t('about.ready') : check.required ? t('about.notReady') : `${t('about.notReady')}, ${t('about.optional')}`}
            </span>
          </li>
        ))}
      </ul>
    </Page>
  );
}
