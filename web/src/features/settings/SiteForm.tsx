import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Form, Input, InputNumber, Select } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, ApiError, type Schemas } from '../../api/client';
import { keys } from '../../api/keys';
import { useScope } from '../../app/scope';
import { SimulatedBadge } from '../../ui/badges';
import { ErrorId, useErrorText } from '../../ui/states';
import { gapUnit, timeZones } from './site-values';

type Site = Schemas['Site'];

interface Fields {
  name: string;
  time_zone: string;
  /** In the unit of the gap that was stored when the form was opened. */
  gap: number;
}

function useSaveSite() {
  const { tenant } = useScope();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: Schemas['SitePatch'] }) =>
      answer(api.PATCH('/api/sites/{id}', { params: { path: { id }, query: { tenant: tenant.id } }, body })),
    onSuccess: (site) => client.setQueryData<Site[]>(keys.sites(tenant.id), (sites) => sites?.map((known) => (known.id === site.id ? site : known))),
  });
}

/** The sites of the tenant, or the chosen one: name, time zone, and what makes two visits out of one. */
export function SiteForms() {
  const { site, sites } = useScope();
  return (
    <div className="mt-2 flex flex-col gap-4">
      {(site ? [site] : sites).map((one) => (
        <SiteForm key={one.id} site={one} />
      ))}
    </div>
  );
}

function SiteForm({ site }: { site: Site }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const save = useSaveSite();
  // It stays while the form is open: 60 that were typed as seconds must not become 60 minutes once they are saved.
  const [unit] = useState(() => gapUnit(site.gap_seconds));
  const { error } = save;
  const submit = ({ name, time_zone, gap }: Fields) =>
    save.mutate({ id: site.id, body: { name: name.trim(), time_zone, gap_seconds: gap * unit } }, { onSuccess: (saved) => void message.success(t('site.saved', { name: saved.name })) });
  return (
    <section className="card max-w-[560px] p-5 sm:p-6" aria-label={site.name} data-testid="site">
      <div className="mb-4 flex items-center justify-between gap-3">
        <h2 className="truncate text-lg font-semibold">{site.name}</h2>
        {site.simulated && <SimulatedBadge />}
      </div>
      {error && (
        <Alert type="error" showIcon className="mb-5" title={errorText(error)} description={error instanceof ApiError && error.errorId ? <ErrorId id={error.errorId} /> : undefined} />
      )}
      <Form<Fields> name={`site-${site.id}`} layout="vertical" requiredMark={false} initialValues={{ name: site.name, time_zone: site.time_zone, gap: site.gap_seconds / unit }} onFinish={submit}>
        <Form.Item name="name" label={t('site.name')} rules={[{ required: true, whitespace: true, message: t('site.need.name') }]}>
          <Input maxLength={200} autoComplete="off" />
        </Form.Item>
        <Form.Item name="time_zone" label={t('site.zone')} extra={t('site.zoneHint')}>
          <Select showSearch options={timeZones(site.time_zone).map((value) => ({ value, label: value.replaceAll('_', ' ') }))} optionFilterProp="label" />
        </Form.Item>
        <Form.Item
          name="gap"
          label={t('site.gap')}
          extra={t('site.gapHint')}
          rules={[{ required: true, type: 'integer', min: 1, max: 86_400 / unit, message: t('site.need.gap', { most: 86_400 / unit }) }]}
        >
          <InputNumber className="w-full max-w-[200px]" precision={0} suffix={t(unit === 60 ? 'site.minutes' : 'site.seconds')} />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={save.isPending}>
          {t('app.save')}
        </Button>
      </Form>
    </section>
  );
}
