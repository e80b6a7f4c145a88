import { App, Button, Drawer, Form, Input, InputNumber, Segmented, Select, Switch } from 'antd';
import { ScanEye } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Camera, type Schemas } from '../../api/client';
import { useScope } from '../../app/scope';
import { ErrorId, useErrorText } from '../../ui/states';
import { usePhone } from '../../ui/hooks';
import { joinAddress, splitAddress } from './address';
import { TestResult } from './TestResult';
import { useAddCamera, useSaveCamera, useTestCamera } from './queries';

const KINDS = ['rtsp', 'http', 'webcam', 'file', 'lavfi'] as const;

interface Fields {
  kind: Schemas['CameraKind'];
  name: string;
  url: string;
  user: string;
  password: string;
  webcam_index: number;
  transport: Schemas['Transport'];
  site_id: string;
  recognition: boolean;
}

/** Adds a camera, or changes one. The test shows the picture before anything is saved. */
export function CameraForm({ camera, close }: { camera: Camera | undefined; close: () => void }) {
  const { t } = useTranslation();
  const { sites, site } = useScope();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const [form] = Form.useForm<Fields>();
  const [idempotencyKey] = useState(() => `camera-${Date.now()}-${Math.random().toString(36).slice(2)}`);
  const add = useAddCamera();
  const save = useSaveCamera();
  const test = useTestCamera();
  const phone = usePhone();
  const results = useRef<HTMLDivElement>(null);
  const testStatus = test.status;
  useEffect(() => {
    if (testStatus !== 'idle') results.current?.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
  }, [testStatus]);

  const initial: Fields = {
    kind: camera?.kind ?? 'rtsp',
    name: camera?.name ?? '',
    url: camera?.url ?? '',
    user: '',
    password: '',
    webcam_index: camera?.webcam_index ?? 0,
    transport: camera?.transport ?? 'auto',
    site_id: camera?.site_id ?? site?.id ?? sites[0]?.id ?? '',
    recognition: camera?.recognition ?? true,
  };
  const kind = Form.useWatch('kind', form) ?? initial.kind;
  const withAddress = kind !== 'webcam';
  const withPassword = kind === 'rtsp' || kind === 'http';

  const connection = (fields: Fields) => ({
    kind: fields.kind,
    ...(fields.kind === 'webcam'
      ? { webcam_index: fields.webcam_index }
      : { url: joinAddress(fields) }),
    ...(fields.kind === 'rtsp' ? { transport: fields.transport } : {}),
  });
  const runTest = async () => {
    const fields = await form.validateFields(['kind', 'url', 'user', 'password', 'webcam_index', 'transport']).catch(() => null);
    if (fields) test.mutate({ ...connection({ ...initial, ...form.getFieldsValue() }), camera_id: camera?.id });
  };
  const submit = (fields: Fields) => {
    const body = { ...connection({ ...initial, ...fields }), name: fields.name.trim(), site_id: fields.site_id, recognition: fields.recognition };
    const settled = {
      onSuccess: () => {
        void message.success(t(camera ? 'cameras.saved' : 'cameras.added', { name: body.name }));
        close();
      },
      onError: (error: Error) => {
        if (error instanceof ApiError && error.field && error.field in initial) {
          form.setFields([{ name: error.field as keyof Fields, errors: [error.message] }]);
        }
      },
    };
    if (camera) save.mutate({ id: camera.id, body }, settled);
    else add.mutate({ key: idempotencyKey, body }, settled);
  };
  const error = save.error ?? add.error;
  const schemes: Partial<Record<Schemas['CameraKind'], RegExp>> = { rtsp: /^rtsps?:\/\//i, http: /^https?:\/\//i };

  return (
    <Drawer
      open
      onClose={close}
      size={phone ? '100%' : 520}
      title={camera ? t('cameras.edit', { name: camera.name }) : t('cameras.add')}
      closable={{ 'aria-label': t('app.close'), placement: 'end' }}
      footer={
        <div className="flex items-center justify-between gap-3 py-1">
          <Button icon={<ScanEye size={17} aria-hidden />} loading={test.isPending} onClick={() => void runTest()}>
            {test.data ? t('cameras.again') : t('cameras.test')}
          </Button>
          <span className="flex gap-2">
            <Button onClick={close}>{t('app.cancel')}</Button>
            <Button type="primary" loading={add.isPending || save.isPending} onClick={() => form.submit()}>
              {camera ? t('app.save') : t('cameras.add')}
            </Button>
          </span>
        </div>
      }
    >
      <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={initial} onFinish={submit} onValuesChange={() => test.reset()}>
        <Form.Item name="name" label={t('cameras.name')} rules={[{ required: true, whitespace: true, message: t('cameras.need.name') }]}>
          <Input maxLength={200} placeholder={t('cameras.namePlaceholder')} autoComplete="off" />
        </Form.Item>
        <Form.Item name="kind" label={t('cameras.kind.label')}>
          <Select options={KINDS.map((value) => ({ value, label: t(`cameras.kind.${value}`) }))} />
        </Form.Item>
        {withAddress && (
          <Form.Item
            name="url"
            label={kind === 'file' ? t('cameras.path') : kind === 'lavfi' ? t('cameras.pattern') : t('cameras.url')}
            extra={kind === 'rtsp' || kind === 'http' ? t('cameras.urlHint') : undefined}
            rules={[
              { required: true, whitespace: true, message: t('cameras.need.url') },
              ...(schemes[kind] ? [{ pattern: schemes[kind], message: t('cameras.need.urlKind', { scheme: kind === 'rtsp' ? 'rtsp://' : 'http://' }) }] : []),
            ]}
            validateTrigger={['onBlur', 'onSubmit']}
          >
            <Input
              maxLength={2048}
              spellCheck={false}
              autoCapitalize="none"
              autoComplete="off"
              className="font-mono"
              placeholder={{ rtsp: 'rtsp://192.168.1.20:554/stream1', http: 'http://192.168.1.20/video.mjpg', file: '/srv/clips/door.mp4', lavfi: 'testsrc2=size=1280x720:rate=25', webcam: '' }[kind]}
              onPaste={(event) => {
                const pasted = splitAddress(event.clipboardData.getData('text'));
                if (pasted.user === '') return;
                event.preventDefault();
                test.reset();
                form.setFieldsValue(pasted);
              }}
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
              <Input autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={200} placeholder={camera ? '••••••••' : undefined} />
            </Form.Item>
            <Form.Item name="password" label={t('cameras.password')}>
              <Input.Password autoComplete="new-password" maxLength={1000} placeholder={camera ? '••••••••' : undefined} />
            </Form.Item>
            <p className="-mt-4 mb-5 text-ink-soft sm:col-span-2">{t(camera ? 'cameras.passwordHint' : 'cameras.passwordNewHint')}</p>
          </div>
        )}
        {kind === 'webcam' && (
          <Form.Item name="webcam_index" label={t('cameras.index')}>
            <InputNumber min={0} max={63} precision={0} />
          </Form.Item>
        )}
        {kind === 'rtsp' && (
          <Form.Item name="transport" label={t('cameras.transport.label')}>
            <Segmented options={(['auto', 'tcp', 'udp'] as const).map((value) => ({ value, label: t(`cameras.transport.${value}`) }))} />
          </Form.Item>
        )}
        {sites.length > 1 && (
          <Form.Item name="site_id" label={t('cameras.site')}>
            <Select options={sites.map((candidate) => ({ value: candidate.id, label: candidate.name }))} />
          </Form.Item>
        )}
        <Form.Item name="recognition" label={t('cameras.recognition')} extra={t('cameras.recognitionHint')} valuePropName="checked">
          <Switch />
        </Form.Item>
      </Form>
      <div ref={results}>
        <TestResult pending={test.isPending} result={test.data} error={test.error} />
      </div>
      {error && (
        <div role="alert" className="mt-4 rounded-control bg-danger-soft px-4 py-3 text-danger">
          <p>{errorText(error)}</p>
          {error instanceof ApiError && error.errorId && <ErrorId id={error.errorId} />}
        </div>
      )}
    </Drawer>
  );
}
