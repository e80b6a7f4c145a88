import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Schemas } from '../../api/client';
import { Fact } from '../../ui/Fact';
import { useReasonText } from '../../ui/reasons';
import { ErrorId, sentence, useErrorText } from '../../ui/states';
import { videoText } from './CameraCard';

/** Faces of at least GOOD_PX are recognised well; below FAIR_PX returning people are missed. */
const GOOD_PX = 40;
const FAIR_PX = 28;

export function faceVerdict(px: number | null | undefined): 'faceGood' | 'faceFair' | 'faceSmall' | 'faceUnknown' {
  if (px === null || px === undefined) return 'faceUnknown';
  if (px >= GOOD_PX) return 'faceGood';
  return px >= FAIR_PX ? 'faceFair' : 'faceSmall';
}

interface TestResultProps {
  pending: boolean;
  result: Schemas['CameraTest'] | undefined;
  error: Error | null;
}

export function TestResult({ pending, result, error }: TestResultProps) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const reason = useReasonText();
  if (pending) {
    return (
      <div role="status" className="grid aspect-video place-items-center rounded-card bg-stage text-white/80">
        <span className="flex items-center gap-2.5">
          <LoaderCircle size={18} className="animate-spin" aria-hidden />
          {t('cameras.testing')}
        </span>
      </div>
    );
  }
  const problem = error ? errorText(error) : result?.problem ? sentence(reason(result.problem)) : null;
  if (error || (result && !result.ok)) {
    return (
      <div role="alert" className="flex gap-3 rounded-card bg-danger-soft p-4 text-danger">
        <CircleX size={20} className="mt-0.5 shrink-0" aria-hidden />
        <div className="min-w-0">
          <p className="font-semibold">{t('cameras.testFailed')}</p>
          {problem && <p className="mt-0.5 break-words">{problem}</p>}
          {error instanceof ApiError && error.errorId && <ErrorId id={error.errorId} />}
        </div>
      </div>
    );
  }
  if (!result) return null;
  const verdict = faceVerdict(result.expected_face_px);
  const tone = { faceGood: 'text-ok', faceFair: 'text-amber', faceSmall: 'text-danger', faceUnknown: 'text-ink-soft' }[verdict];
  return (
    <div role="status" className="enter overflow-hidden rounded-card border border-line" data-testid="test-result">
      {result.snapshot && (
        <img
          src={result.snapshot}
          alt={t('cameras.snapshot')}
          className="block w-full bg-stage object-contain"
          style={{ aspectRatio: result.video ? `${result.video.width} / ${result.video.height}` : '16 / 9' }}
        />
      )}
      <div className="p-4">
        <p className="mb-3 flex items-center gap-2 font-semibold text-ok">
          <CircleCheck size={18} aria-hidden />
          {t('cameras.testOk')}
        </p>
        <dl className="grid grid-cols-1 gap-3 sm:grid-cols-2">
          <Fact label={t('cameras.codec')}>{videoText(result.video ?? null) || '—'}</Fact>
          <Fact label={t('cameras.transport.label')}>{result.transport?.toUpperCase() ?? '—'}</Fact>
          <Fact label={t('cameras.face')} className="sm:col-span-2">
            <span className={tone}>{t(`cameras.${verdict}`, { px: Math.round(result.expected_face_px ?? 0) })}</span>
            <span className="mt-0.5 block text-xs font-normal text-ink-soft">{t('cameras.faceBasis')}</span>
          </Fact>
        </dl>
      </div>
    </div>
  );
}
