import { Alert, App, Form, Input, InputNumber, Modal, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import { ApiError, type Schemas } from '../../api/client';
import { useScope } from '../../app/scope';
import { ErrorId, useErrorText } from '../../ui/states';
import { dayOf } from '../../ui/time';
import { useSetPolicy } from './queries';
import { BASES } from './bases';

type Fields = Required<Omit<Schemas['PolicyForm'], 'mode'>>;

/** The form that turns recognition on: basis, notice, retention. It is kept in the audit trail. */
export function ModeForm({ policy, close }: { policy: Schemas['Policy']; close: () => void }) {
  const { t } = useTranslation();
  const { zone } = useScope();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const [form] = Form.useForm<Fields>();
  const set = useSetPolicy();
  const editing = policy.mode === 'returning';
  const initial: Partial<Fields> = {
    legal_basis: BASES.find((known) => known === policy.legal_basis),
    notice_text: policy.notice_text ?? undefined,
    notice_date: policy.notice_date ?? dayOf(new Date(), zone),
    picture_retention_days: policy.picture_retention_days,
    embedding_retention_months: policy.embedding_retention_months,
  };
  const submit = (fields: Fields) =>
    set.mutate(
      { mode: 'returning', ...fields, notice_text: fields.notice_text.trim() },
      {
        onSuccess: () => {
          void message.success(t('privacy.saved'));
          close();
        },
      },
    );
  return (
    <Modal
      open
      onCancel={close}
      onOk={() => form.submit()}
      okText={editing ? t('privacy.save') : t('privacy.confirm', { mode: t('privacy.modes.returning.name') })}
      cancelText={t('app.cancel')}
      confirmLoading={set.isPending}
      title={t(editing ? 'privacy.formEdit' : 'privacy.form')}
      width={600}
    >
      <p className="mb-5 text-ink-soft">{t('privacy.formText')}</p>
      {set.error && (
        <Alert
          type="error"
          showIcon
          className="mb-5"
          title={errorText(set.error)}
          description={set.error instanceof ApiError && set.error.errorId ? <ErrorId id={set.error.errorId} /> : undefined}
        />
      )}
      <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={initial} onFinish={submit}>
        <Form.Item name="legal_basis" label={t('privacy.basis')} rules={[{ required: true, message: t('privacy.need.basis') }]}>
          <Select options={BASES.map((value) => ({ value, label: t(`privacy.bases.${value}`) }))} />
        </Form.Item>
        <Form.Item
          name="notice_text"
          label={t('privacy.notice')}
          extra={t('privacy.noticeHint')}
          rules={[{ required: true, whitespace: true, min: 20, message: t('privacy.need.notice') }]}
        >
          <Input.TextArea rows={4} maxLength={10_000} placeholder={t('privacy.noticePlaceholder')} />
        </Form.Item>
        <div className="grid items-end gap-x-4 sm:grid-cols-3">
          <Form.Item name="notice_date" label={t('privacy.noticeDate')} rules={[{ required: true, message: t('privacy.need.date') }]}>
            <Input type="date" max={dayOf(new Date(), zone, 365)} />
          </Form.Item>
          <Form.Item
            name="picture_retention_days"
            label={t('privacy.pictureDays')}
            rules={[{ required: true, type: 'integer', min: 1, max: 365, message: t('privacy.need.days') }]}
          >
            <InputNumber className="w-full" precision={0} suffix={t('privacy.daysUnit')} />
          </Form.Item>
          <Form.Item
            name="embedding_retention_months"
            label={t('privacy.embeddingMonths')}
            rules={[{ required: true, type: 'integer', min: 1, max: 60, message: t('privacy.need.months') }]}
          >
            <InputNumber className="w-full" precision={0} suffix={t('privacy.monthsUnit')} />
          </Form.Item>
        </div>
      </Form>
    </Modal>
  );
}
