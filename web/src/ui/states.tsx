import { Button, Skeleton } from 'antd';
import { CircleAlert, Copy, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/client';
import { useReasonText } from './reasons';

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  text?: string;
  children?: ReactNode;
}

/** Nothing to show, and why, and what to do about it. */
export function Empty({ icon: Icon, title, text, children }: EmptyProps) {
  return (
    <div className="card enter mx-auto flex max-w-[520px] flex-col items-center px-6 py-12 text-center">
      <span className="mb-4 grid size-14 place-items-center rounded-full bg-accent-soft text-accent">
        <Icon size={26} strokeWidth={1.6} aria-hidden />
      </span>
      <h2 className="text-lg font-semibold">{title}</h2>
      {text && <p className="mt-1.5 max-w-[44ch] text-ink-soft">{text}</p>}
      {children && <div className="mt-6 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  );
}

export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation();
  const reason = useReasonText();
  return (error) => {
    if (!(error instanceof ApiError)) return t('app.error.page');
    return error.status === 0 ? t('app.error.network') : sentence(reason(error.message));
  };
}

/** Begins with a capital letter, as a sentence alone does. */
export const sentence = (text: string): string => text.charAt(0).toLocaleUpperCase() + text.slice(1);

/** Something failed: what, its id for the log, and another try. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const text = useErrorText();
  const id = error instanceof ApiError ? error.errorId : null;
  return (
    <div role="alert" className="card enter mx-auto flex max-w-[560px] gap-4 px-5 py-5">
      <CircleAlert size={22} strokeWidth={1.8} className="mt-0.5 shrink-0 text-danger" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-semibold">{t('app.error.title')}</p>
        <p className="mt-0.5 break-words text-ink-soft">{text(error)}</p>
        <div className="mt-3 flex flex-wrap items-center gap-3">
          {retry && (
            <Button size="small" onClick={retry}>
              {t('app.retry')}
            </Button>
          )}
          {id && <ErrorId id={id} />}
        </div>
      </div>
    </div>
  );
}

export function ErrorId({ id }: { id: string }) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      className="inline-flex cursor-pointer items-center gap-1.5 break-all text-left font-mono text-xs text-ink-soft hover:text-ink"
      aria-label={t('app.error.copy')}
      onClick={() => void navigator.clipboard.writeText(id)}
    >
      {t('app.error.id', { id })}
      <Copy size={12} className="shrink-0" aria-hidden />
    </button>
  );
}

/** Quiet boxes where content will be. */
export function LoadingCards({ count, className, height }: { count: number; className: string; height: number }) {
  const { t } = useTranslation();
  return (
    <div className={className} role="status" aria-label={t('app.loading')}>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="card breathe flex flex-col justify-end gap-2.5 overflow-hidden p-4" style={{ height, animationDelay: `${index * 90}ms` }}>
          <span className="h-3 w-1/3 min-w-12 rounded-full bg-sunken" />
          {height >= 64 && <span className="h-3 w-3/5 rounded-full bg-sunken" />}
        </div>
      ))}
    </div>
  );
}

export function LoadingPage() {
  return (
    <div className="mx-auto w-full max-w-[1560px] px-4 pt-8 sm:px-6 rail:px-9">
      <Skeleton active title={{ width: 180 }} paragraph={{ rows: 6 }} />
    </div>
  );
}
