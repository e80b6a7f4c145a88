import { App, Button } from 'antd';
import { Check } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Mode, Schemas } from '../../api/client';
import { useScope } from '../../app/scope';
import { Badge } from '../../ui/badges';
import { Page } from '../../ui/Page';
import { Failure, LoadingCards, useErrorText } from '../../ui/states';
import { formatCalendarDay, formatMoment } from '../../ui/time';
import { AuditTrail } from './AuditTrail';
import { BASES } from './bases';
import { ModeForm } from './ModeForm';
import { usePolicy, useSetPolicy } from './queries';

const MODES = ['count', 'returning', 'members'] as const;

export function PrivacyPage() {
  const { t } = useTranslation();
  const policy = usePolicy();
  return (
    <Page title={t('privacy.title')} lead={t('privacy.lead')} narrow>
      {policy.isPending && <LoadingCards count={2} height={160} className="grid gap-4" />}
      {policy.error && !policy.data && <Failure error={policy.error} retry={() => void policy.refetch()} />}
      {policy.data && <Modes policy={policy.data} />}
      <AuditTrail />
    </Page>
  );
}

function Modes({ policy }: { policy: Schemas['Policy'] }) {
  const { t, i18n } = useTranslation();
  const { zone } = useScope();
  const { modal, message } = App.useApp();
  const errorText = useErrorText();
  const set = useSetPolicy();
  const [form, setForm] = useState(false);
  const toCount = () =>
    void modal.confirm({
      title: t('privacy.toCountTitle'),
      content: t('privacy.toCountText'),
      okText: t('privacy.toCount'),
      cancelText: t('app.cancel'),
      onOk: () =>
        set.mutateAsync({ mode: 'count' }).then(
          () => message.success(t('privacy.saved')),
          (error: unknown) => message.error(errorText(error)),
        ),
    });
  return (
    <>
      <div role="list" aria-label={t('privacy.mode')} className="grid gap-3 md:grid-cols-3">
        {MODES.map((mode) => (
          <ModeCard key={mode} mode={mode} current={policy.mode === mode}>
            {mode === 'returning' && (
              <Button type={policy.mode === mode ? 'default' : 'primary'} block onClick={() => setForm(true)}>
                {t(policy.mode === mode ? 'privacy.formEdit' : 'privacy.form')}
              </Button>
            )}
            {mode === 'count' && policy.mode !== 'count' && (
              <Button block onClick={toCount}>
                {t('privacy.toCount')}
              </Button>
            )}
          </ModeCard>
        ))}
      </div>
      <dl className="card mt-4 grid gap-x-8 gap-y-4 px-5 py-5 sm:grid-cols-2">
        <Rule label={t('privacy.inForce')}>
          {t(`privacy.modes.${policy.mode}.name`)}
          {policy.version > 0 && `, ${t('privacy.version', { version: policy.version })}`}
          {policy.updated_at && (
            <span className="block font-normal text-ink-soft">
              {t('privacy.since', { date: formatMoment(policy.updated_at, zone, i18n.language) })}
              {policy.updated_by && ` ${t('privacy.by', { name: policy.updated_by })}`}
            </span>
          )}
        </Rule>
        <Rule label={t('privacy.pictureDays')}>{t('privacy.days', { count: policy.picture_retention_days })}</Rule>
        <Rule label={t('privacy.embeddingMonths')}>{t('privacy.months', { count: policy.embedding_retention_months })}</Rule>
        {policy.mode !== 'count' && (
          <>
            <Rule label={t('privacy.basis')}>{basisText(policy.legal_basis, t)}</Rule>
            <Rule label={t('privacy.noticeDate')}>{policy.notice_date ? formatCalendarDay(policy.notice_date, i18n.language) : '—'}</Rule>
            <Rule label={t('privacy.notice')} className="sm:col-span-2">
              <span className="whitespace-pre-wrap font-normal">{policy.notice_text}</span>
            </Rule>
          </>
        )}
      </dl>
      {form && <ModeForm policy={policy} close={() => setForm(false)} />}
    </>
  );
}

function basisText(value: string | null | undefined, t: ReturnType<typeof useTranslation>['t']): string {
  const basis = BASES.find((known) => known === value);
  return basis ? t(`privacy.bases.${basis}`) : (value ?? '—');
}

function Rule({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return (
    <div className={className}>
      <dt className="text-sm text-ink-soft">{label}</dt>
      <dd className="mt-0.5 font-medium tabular-nums">{children}</dd>
    </div>
  );
}

function ModeCard({ mode, current, children }: { mode: Mode; current: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const later = mode === 'members';
  return (
    <div role="listitem" aria-current={current || undefined} className={`card flex flex-col gap-2 p-5 ${current ? 'border-accent ring-1 ring-accent' : ''}`}>
      <div className="flex min-h-6 items-center justify-between gap-2">
        <h2 className="text-lg font-semibold">{t(`privacy.modes.${mode}.name`)}</h2>
        {current && (
          <Badge tone="accent">
            <Check size={12} strokeWidth={2.6} aria-hidden />
            {t('privacy.inForce')}
          </Badge>
        )}
        {later && <Badge>{t('privacy.notYet')}</Badge>}
      </div>
      <p>{t(`privacy.modes.${mode}.text`)}</p>
      <p className="mb-2 text-sm text-ink-soft">{t(`privacy.modes.${mode}.kept`)}</p>
      <div className="mt-auto">{children}</div>
    </div>
  );
}
