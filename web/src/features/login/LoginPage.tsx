import { Alert, Button, Form, Input } from 'antd';
import { LockKeyhole, ShieldCheck, UserRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router';
import { ApiError, type Schemas } from '../../api/client';
import { Mark } from '../../app/Navigation';
import { useLogin, useMe } from '../../app/session';
import { AppearanceMenu, LanguageMenu } from '../../app/TopBar';
import { useTitle } from '../../ui/hooks';
import { ErrorId, useErrorText } from '../../ui/states';
import { DoorScene } from './DoorScene';

/** Only addresses inside this app: a foreign `next` must not lead away. */
const safeNext = (next: string | null): string => (next !== null && /^\/(?![/\\])/.test(next) ? next : '/live');

export function LoginPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const me = useMe();
  const login = useLogin();
  const errorText = useErrorText();
  useTitle(t('login.title'));
  // A session that ended leaves what was known of it, and an error.
  if (me.data && !me.error) return <Navigate to={safeNext(search.get('next'))} replace />;

  const error = login.error;
  const problem =
    error instanceof ApiError && error.status === 401
      ? t('login.wrong')
      : error instanceof ApiError && error.status === 429
        ? t('login.limited', { seconds: error.retryAfterSeconds ?? 60 })
        : error
          ? errorText(error)
          : null;

  return (
    <div className="grid min-h-dvh lg:grid-cols-[minmax(440px,1fr)_1.2fr]">
      <div className="flex flex-col px-6 py-6 sm:px-12">
        <div className="flex items-center justify-between">
          <span className="flex items-center gap-2.5 text-[16px] font-semibold tracking-tight">
            <Mark size={30} />
            {t('app.name')}
          </span>
          <span className="flex">
            <LanguageMenu />
            <AppearanceMenu />
          </span>
        </div>
        <main className="m-auto w-full max-w-[360px] py-10">
          <h1 className="text-3xl font-semibold">{t('login.title')}</h1>
          <p className="mb-8 mt-2 text-ink-soft">{t('login.lead')}</p>
          <Form<Schemas['Login']> layout="vertical" requiredMark={false} size="large" onFinish={(values) => login.mutate(values)}>
            {problem && (
              <Alert
                className="mb-5"
                type="error"
                showIcon
                title={problem}
                description={error instanceof ApiError && error.errorId ? <ErrorId id={error.errorId} /> : undefined}
              />
            )}
            <Form.Item name="user" label={t('login.user')} rules={[{ required: true, message: t('login.needUser') }]}>
              <Input autoComplete="username" autoCapitalize="none" spellCheck={false} prefix={<UserRound size={17} aria-hidden className="mr-1 text-ink-soft" />} />
            </Form.Item>
            <Form.Item name="password" label={t('login.password')} rules={[{ required: true, message: t('login.needPassword') }]}>
              <Input.Password autoComplete="current-password" prefix={<LockKeyhole size={17} aria-hidden className="mr-1 text-ink-soft" />} />
            </Form.Item>
            <Button type="primary" htmlType="submit" block loading={login.isPending} className="mt-1">
              {t('login.submit')}
            </Button>
          </Form>
          <p className="mt-5 text-sm text-ink-soft">{t('login.hint')} {t('login.forgotten')}</p>
        </main>
        <p className="flex items-start gap-2 text-sm text-ink-soft">
          <ShieldCheck size={17} strokeWidth={1.8} className="mt-px shrink-0 text-ok" aria-hidden />
          {t('login.promise')}
        </p>
      </div>
      <DoorScene />
    </div>
  );
}
