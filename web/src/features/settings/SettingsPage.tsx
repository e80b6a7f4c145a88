import { Tabs } from 'antd';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { useLink } from '../../app/scope';
import { Page } from '../../ui/Page';
import { PasswordForm } from '../account/PasswordForm';
import { ModelList } from '../models/ModelList';
import { SiteForms } from './SiteForm';

export function SettingsPage() {
  const { t } = useTranslation();
  const { tab } = useParams();
  const navigate = useNavigate();
  const link = useLink();
  return (
    <Page title={t('settings.title')} narrow>
      <Tabs
        activeKey={tab === 'password' || tab === 'site' ? tab : 'models'}
        onChange={(key) => void navigate(link(`/settings/${key}`))}
        destroyOnHidden
        items={[
          { key: 'models', label: t('settings.models'), children: <ModelList /> },
          { key: 'site', label: t('settings.site'), children: <SiteForms /> },
          { key: 'password', label: t('settings.password'), children: <PasswordForm /> },
        ]}
      />
    </Page>
  );
}
