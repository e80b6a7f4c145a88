import { Button } from 'antd';
import { ShieldOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useLink } from '../../app/scope';
import { Empty } from '../../ui/states';

/** Where recognition is off: says so, and leads to the form. */
export function CountNotice({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  const link = useLink();
  return (
    <Empty icon={ShieldOff} title={title} text={text}>
      <Link to={link('/privacy')}>
        <Button type="primary">{t('visits.count.turnOn')}</Button>
      </Link>
    </Empty>
  );
}
