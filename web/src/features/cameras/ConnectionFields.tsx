import { Form, Input, InputNumber, Segmented, Select } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client';
import { addressProblem, kindOf, shownAddress, splitAddress } from './address';
import type { CameraFields } from './CameraForm';

type Kind = Schemas['CameraKind'];

const KINDS = ['rtsp', 'http', 'webcam', 'file', 'lavfi'] as const satisfies Kind[];
const EXAMPLES: Record<Kind, string> = {
  rtsp: 'rtsp://192.168.1.20:554/stream1', http: 'http://192.168.1.20/video.mjpg', file: '/srv/clips/door.mp4',
  lavfi: 'testsrc2=size=1280x720:rate=25', webcam: '',
};

interface ConnectionFieldsProps {
  kind: Kind;
  /** The camera exists: what is left empty stays as it is stored. */
  stored: boolean;
  /** Fields were filled by something that was pasted. */
  filled: () => void;
}

/** How the camera is reached: what kind it is, its address, user and password, or its number. */
export function ConnectionFields({ kind, stored, filled }: ConnectionFieldsProps) {
  const { t } = useTranslation();
  const form = Form.useFormInstance<CameraFields>();
  const withPassword = kind === 'rtsp' || kind === 'http';

  const paste = (text: string): boolean => {
    const pasted = splitAddress(text);
    const pastedKind = kindOf(text);
    if (pasted.user === '' && pastedKind === null) return false;
    const next = pastedKind ?? kind;
    form.setFieldsValue({ ...pasted, url: shownAddress(next, pasted.url), kind: next });
    filled();
    return true;
  };
  const check = (text: string): Promise<void> => {
    const wrong = addressProblem(kind, text);
    return wrong ? Promise.reject(new Error(t(`cameras.need.${wrong.problem}`, { scheme: wrong.scheme }))) : Promise.resolve();
  };

  return (
    <>
      <Form.Item name="kind" label={t('cameras.kind.label')}>
        <Select options={KINDS.map((value) => ({ value, label: t(`cameras.kind.${value}`) }))} />
      </Form.Item>
      {kind === 'webcam' ? (
        <Form.Item name="webcam_index" label={t('cameras.index')}>
          <InputNumber min={0} max={63} precision={0} />
        </Form.Item>
      ) : (
        <Form.Item
          name="url"
          label={kind === 'file' ? t('cameras.path') : kind === 'lavfi' ? t('cameras.pattern') : t('cameras.url')}
          extra={withPassword ? t('cameras.urlHint') : undefined}
          rules={[{ validator: (_rule, text: string) => check(text) }]}
          validateTrigger={['onBlur', 'onSubmit']}
        >
          <Input
            maxLength={2048}
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
            className="font-mono"
            placeholder={EXAMPLES[kind]}
            onPaste={(event) => paste(event.clipboardData.getData('text')) && event.preventDefault()}
            onBlur={(event) => {
              const typed = splitAddress(event.target.value);
              if (typed.user !== '') form.setFieldsValue(typed);
            }}
          />
        </Form.Item>
      )}
      {withPassword && (
        <div className="grid gap-x-4 sm:grid-cols-2">
          <Form.Item name="user" label={t('cameras.user')}>
            <Input autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={200} placeholder={stored ? '••••••••' : undefined} />
          </Form.Item>
          <Form.Item name="password" label={t('cameras.password')}>
            <Input.Password autoComplete="new-password" maxLength={1000} placeholder={stored ? '••••••••' : undefined} />
          </Form.Item>
          <p className="-mt-4 mb-5 text-ink-soft sm:col-span-2">{t(stored ? 'cameras.passwordHint' : 'cameras.passwordNewHint')}</p>
        </div>
      )}
      {kind === 'rtsp' && (
        <Form.Item name="transport" label={t('cameras.transport.label')}>
          <Segmented options={(['auto', 'tcp', 'udp'] as const).map((value) => ({ value, label: t(`cameras.transport.${value}`) }))} />
        </Form.Item>
      )}
    </>
  );
}
