import { Button } from 'antd';
import { Compass } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router';
import { Empty, Failure } from '../ui/states';

/** A page that broke, or whose file could not be loaded after an update. */
export function RouteError() {
  const error = useRouteError();
  return (
    <div className="px-4 py-16">
      <Failure error={error} retry={() => location.reload()} />
    </div>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <div className="px-4 py-16">
      <Empty icon={Compass} title={t('app.error.notFound')}>
        <Link to="/live">
          <Button type="primary">{t('app.error.home')}</Button>
        </Link>
      </Empty>
    </div>
  );
}
