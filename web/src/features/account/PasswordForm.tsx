import { Alert, App, Button, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client';
import { useChangePassword, useMe } from '../../app/session';
import { ErrorId, useErrorText } from '../../ui/states';

interface Fields {
  current: string;
  next: string;
  repeat: string;
}

const MIN_LENGTH = 10;

export function PasswordForm() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const me = useMe().data;
  const change = useChangePassword();
  const errorText = useErrorText();
  const first = me?.user.must_change_password === true;
  const error = change.error;
  const submit = (fields: Fields) =>
    change.mutate(
      { current_password: fields.current, new_password: fields.next },
      {
        onSuccess: () => {
          void message.success(t('account.done'));
          form.resetFields();
        },
      },
    );
  return (
    <div className="card mt-2 max-w-[460px] p-5 sm:p-6">
      {first && <Alert type="info" showIcon className="mb-5" title={t('account.mustChange')} />}
      {error && (
        <Alert
          type="error"
          showIcon
          className="mb-5"
          title={error instanceof ApiError && error.field === 'current_password' ? t('account.wrong') : errorText(error)}
          description={error instanceof ApiError && error.errorId ? <ErrorId id={error.errorId} /> : undefined}
        />
      )}
      <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={submit}>
        <input type="text" name="username" autoComplete="username" value={me?.user.name ?? ''} readOnly hidden />
        <Form.Item name="current" label={t('account.current')} rules={[{ required: true, message: t('login.needPassword') }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Form.Item name="next" label={t('account.next')} extra={t('account.rule')} rules={[{ required: true, min: MIN_LENGTH, message: t('account.short') }]}>
          <Input.Password autoComplete="new-password" maxLength={1000} />
        </Form.Item>
        <Form.Item
          name="repeat"
          label={t('account.repeat')}
          dependencies={['next']}
          rules={[
            ({ getFieldValue }) => ({
              validator: (_rule, value: string | undefined) =>
                value === getFieldValue('next') ? Promise.resolve() : Promise.reject(new Error(t('account.mismatch'))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" maxLength={1000} />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={change.isPending}>
          {t('account.submit')}
        </Button>
      </Form>
    </div>
  );
}
