import { useTranslation } from 'react-i18next';
import { useScope } from '../../app/scope';
import { formatDate } from '../../ui/time';
import { usePolicy } from './queries';

/**
 * What to say where a picture is gone: the rule that deleted it, with the day when it is known. Where no picture was
 * ever kept (no expiry, or one in the future) nothing is claimed.
 */
export function useGoneText(): (expiresAt: string | null | undefined) => string | undefined {
  const { t, i18n } = useTranslation();
  const { zone } = useScope();
  const days = usePolicy().data?.picture_retention_days;
  return (expiresAt) => {
    if (days === undefined || !expiresAt || Date.parse(expiresAt) > Date.now()) return undefined;
    return t('visits.pictureGoneOn', { date: formatDate(expiresAt, zone, i18n.language), days });
  };
}
