import { Button } from 'antd';
import { Cctv, FlaskConical, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useScope } from '../../app/scope';
import { Page } from '../../ui/Page';
import { Empty, Failure, LoadingCards } from '../../ui/states';
import { CameraCard } from './CameraCard';
import { CameraForm } from './CameraForm';
import { useCameras } from './queries';

export function CamerasPage() {
  const { t } = useTranslation();
  const cameras = useCameras();
  const [search, setSearch] = useSearchParams();
  const form = search.get('form');
  const open = (value: string | null) => {
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value) next.set('form', value);
      else next.delete('form');
      return next;
    });
  };
  const edited = cameras.data?.find((camera) => camera.id === form);
  const add = (
    <Button type="primary" icon={<Plus size={17} aria-hidden />} onClick={() => open('new')}>
      {t('cameras.add')}
    </Button>
  );
  return (
    <Page title={t('cameras.title')} actions={cameras.data && cameras.data.length > 0 ? add : undefined}>
      {cameras.isPending && <LoadingCards count={3} height={330} className={grid} />}
      {cameras.error && !cameras.data && <Failure error={cameras.error} retry={() => void cameras.refetch()} />}
      {cameras.data?.length === 0 && (
        <Empty icon={Cctv} title={t('cameras.empty.title')} text={t('cameras.empty.text')}>
          {add}
          <DemoButton />
        </Empty>
      )}
      <ul className={grid}>
        {cameras.data?.map((camera) => (
          <CameraCard key={camera.id} camera={camera} edit={() => open(camera.id)} />
        ))}
      </ul>
      {(form === 'new' || edited) && <CameraForm key={form} camera={edited} close={() => open(null)} />}
    </Page>
  );
}

const grid = 'grid gap-4 sm:grid-cols-[repeat(auto-fill,minmax(330px,1fr))]';

/** Leads to the demo tenant, where there is one. */
export function DemoButton() {
  const { t } = useTranslation();
  const { tenant, tenants } = useScope();
  const demo = tenants.find((candidate) => candidate.simulated && candidate.id !== tenant.id);
  if (!demo) return null;
  return (
    <Link to={{ pathname: '/live', search: `?tenant=${demo.id}` }}>
      <Button icon={<FlaskConical size={16} aria-hidden />}>{t('live.noCameras.demo')}</Button>
    </Link>
  );
}
