import { App, Button, Drawer, Form, Input, Select, Switch } from 'antd';
import { ScanEye } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Camera, type Schemas } from '../../api/client';
import { useScope } from '../../app/scope';
import { usePhone } from '../../ui/hooks';
import { useReasonText } from '../../ui/reasons';
import { ErrorId, sentence, useErrorText } from '../../ui/states';
import { sentAddress, shownAddress } from './address';
import { ConnectionFields } from './ConnectionFields';
import { TestResult } from './TestResult';
import { useAddCamera, useSaveCamera, useTestCamera } from './queries';

export interface CameraFields {
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

const connection = (fields: CameraFields) => ({
  kind: fields.kind,
  ...(fields.kind === 'webcam' ? { webcam_index: fields.webcam_index } : { url: sentAddress(fields.kind, fields) }),
  ...(fields.kind === 'rtsp' ? { transport: fields.transport } : {}),
});

/** Adds a camera, or changes one. The test shows the picture before anything is saved; what fails is said at its field. */
export function CameraForm({ camera, close }: { camera: Camera | undefined; close: () => void }) {
  const { t } = useTranslation();
  const { sites, site, tenant } = useScope();
  const { message } = App.useApp();
  const errorText = useErrorText();
  const reason = useReasonText();
  const [form] = Form.useForm<CameraFields>();
  const [idempotencyKey] = useState(() => `camera-${Date.now()}-${Math.random().toString(36).slice(2)}`);
  /** The problem is said at a field: not again elsewhere. */
  const [blamed, setBlamed] = useState(false);
  const add = useAddCamera();
  const save = useSaveCamera();
  const test = useTestCamera();
  const phone = usePhone();
  const results = useRef<HTMLDivElement>(null);
  const testStatus = test.status;
  useEffect(() => {
    if (testStatus !== 'idle') results.current?.scrollIntoView({ behavior: 'smooth', block: 'end' });
  }, [testStatus]);

  const initial: CameraFields = {
    kind: camera?.kind ?? 'rtsp',
    name: camera?.name ?? '',
    url: shownAddress(camera?.kind ?? 'rtsp', camera?.url ?? ''),
    user: '',
    password: '',
    webcam_index: camera?.webcam_index ?? 0,
    transport: camera?.transport ?? 'auto',
    site_id: camera?.site_id ?? site?.id ?? sites[0]?.id ?? '',
    recognition: camera?.recognition ?? true,
  };
  const kind = Form.useWatch('kind', form) ?? initial.kind;

  const blame = (field: string, problem: string) => {
    if (form.getFieldInstance(field) === undefined) return;
    form.setFields([{ name: field as keyof CameraFields, errors: [sentence(reason(problem))] }]);
    form.scrollToField(field, { behavior: 'smooth', block: 'center' });
    setBlamed(true);
  };
  const blameFieldOf = (error: Error) => {
    if (error instanceof ApiError && error.field) blame(error.field, error.message);
  };
  const forget = () => {
    test.reset();
    add.reset();
    save.reset();
    setBlamed(false);
  };
  const runTest = async () => {
    const fields = await form.validateFields(['kind', 'url', 'user', 'password', 'webcam_index', 'transport']).catch(() => null);
    if (!fields) return;
    forget();
    test.mutate(
      { ...connection({ ...initial, ...form.getFieldsValue() }), camera_id: camera?.id },
      {
        onSuccess: ({ ok, state, problem }) => {
          if (!ok && problem) blame(state === 'unauthorised' ? 'password' : kind === 'webcam' ? 'webcam_index' : 'url', problem);
        },
        onError: blameFieldOf,
      },
    );
  };
  const submit = (fields: CameraFields) => {
    const body = { ...connection({ ...initial, ...fields }), name: fields.name.trim(), site_id: fields.site_id, recognition: fields.recognition };
    const settled = {
      onSuccess: () => {
        void message.success(t(camera ? 'cameras.saved' : 'cameras.added', { name: body.name }));
        close();
      },
      onError: blameFieldOf,
    };
    if (camera) save.mutate({ id: camera.id, body }, settled);
    else add.mutate({ key: idempotencyKey, body }, settled);
  };
  const error = save.error ?? add.error;

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
            <Button className="max-sm:hidden" onClick={close}>
              {t('app.cancel')}
            </Button>
            <Button type="primary" loading={add.isPending || save.isPending} onClick={() => form.submit()}>
              {camera ? t('app.save') : t('cameras.add')}
            </Button>
          </span>
        </div>
      }
    >
      <Form<CameraFields> form={form} layout="vertical" requiredMark={false} initialValues={initial} onFinish={submit} onValuesChange={forget}>
        <Form.Item name="name" label={t('cameras.name')} rules={[{ required: true, whitespace: true, message: t('cameras.need.name') }]}>
          <Input maxLength={200} placeholder={t('cameras.namePlaceholder')} autoComplete="off" />
        </Form.Item>
        <ConnectionFields kind={kind} stored={camera !== undefined} filled={forget} />
        {sites.length > 1 && (
          <Form.Item name="site_id" label={t('cameras.site')}>
            <Select options={sites.map((candidate) => ({ value: candidate.id, label: candidate.name }))} />
          </Form.Item>
        )}
        <Form.Item
          name="recognition"
          label={t('cameras.recognition')}
          extra={t(tenant.mode === 'count' ? 'cameras.recognitionLater' : 'cameras.recognitionHint')}
          valuePropName="checked"
        >
          <Switch />
        </Form.Item>
      </Form>
      <div ref={results} className="scroll-mb-4">
        {!blamed && <TestResult pending={test.isPending} result={test.data} error={test.error} />}
      </div>
      {error && !blamed && (
        <div role="alert" className="mt-4 rounded-control bg-danger-soft px-4 py-3 text-danger">
          <p>{errorText(error)}</p>
          {error instanceof ApiError && error.errorId && <ErrorId id={error.errorId} />}
        </div>
      )}
    </Drawer>
  );
}
