import { Tooltip } from 'antd';
import { FlaskConical } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CameraState } from '../api/client';

const tones = {
  plain: 'bg-sunken text-ink-soft',
  accent: 'bg-accent-soft text-accent-strong',
  amber: 'bg-amber-soft text-amber',
  danger: 'bg-danger-soft text-danger',
  glass: 'bg-black/60 text-white backdrop-blur-sm',
} as const;
export type Tone = keyof typeof tones;

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={`inline-flex h-[22px] items-center gap-1 whitespace-nowrap rounded-full px-2.5 text-2xs font-semibold ${tones[tone]}`}>
      {children}
    </span>
  );
}

interface SimulatedProps {
  /** Over a picture. */
  glass?: boolean;
  /** Where there is no room for the word: the sign alone, the word for a screen reader. */
  compact?: boolean;
}

/** On everything that a rendered clip produced. */
export function SimulatedBadge({ glass = false, compact = false }: SimulatedProps) {
  const { t } = useTranslation();
  const tone = glass ? 'glass' : 'amber';
  if (compact) {
    return (
      <Tooltip title={t('app.simulated')}>
        <span className={`inline-grid size-[22px] shrink-0 place-items-center rounded-full ${tones[tone]}`}>
          <FlaskConical size={12} strokeWidth={2.2} aria-hidden />
          <span className="sr-only">{t('app.simulated')}</span>
        </span>
      </Tooltip>
    );
  }
  return (
    <Tooltip title={t('app.simulatedHint')}>
      <span>
        <Badge tone={tone}>
          <FlaskConical size={11} strokeWidth={2.2} aria-hidden />
          {t('app.simulated')}
        </Badge>
      </span>
    </Tooltip>
  );
}

export function KindBadge({ kind, nth }: { kind: 'new' | 'returning'; nth?: number | null }) {
  const { t } = useTranslation();
  if (kind === 'new') return <Badge tone="amber">{t('visits.newBadge')}</Badge>;
  return <Badge tone="accent">{nth ? t('visits.nth', { count: nth }) : t('visits.returningBadge')}</Badge>;
}

const dots: Record<'good' | 'wait' | 'bad' | 'off', string> = {
  good: 'bg-[#3fb37f]',
  wait: 'bg-[#f0b45c] breathe',
  bad: 'bg-[#ef7d71]',
  off: 'bg-[#9aa39f]',
};

export function toneOfState(state: CameraState): keyof typeof dots {
  if (state === 'streaming') return 'good';
  if (state === 'connecting' || state === 'preparing') return 'wait';
  return state === 'off' ? 'off' : 'bad';
}

export function Dot({ tone }: { tone: keyof typeof dots }) {
  return <span aria-hidden className={`inline-block size-2 shrink-0 rounded-full ${dots[tone]}`} />;
}
