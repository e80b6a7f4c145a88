import { useTranslation } from 'react-i18next';
import { useScope } from '../../app/scope';
import { LoadMore } from '../../ui/LoadMore';
import { Failure, LoadingCards } from '../../ui/states';
import { formatMoment } from '../../ui/time';
import { useAuditText } from './audit-text';
import { useAudit } from './queries';

/** Who did what, latest first. */
export function AuditTrail() {
  const { t, i18n } = useTranslation();
  const { zone } = useScope();
  const audit = useAudit();
  const text = useAuditText();
  const rows = audit.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="mt-9" aria-labelledby="audit">
      <h2 id="audit" className="mb-3 text-lg font-semibold">
        {t('privacy.audit')}
      </h2>
      {audit.isPending && <LoadingCards count={3} height={48} className="grid gap-2" />}
      {audit.error && !audit.data && <Failure error={audit.error} retry={() => void audit.refetch()} />}
      {audit.data && rows.length === 0 && <p className="text-ink-soft">{t('privacy.auditEmpty')}</p>}
      {rows.length > 0 && (
        <div className="card overflow-hidden">
          <table className="w-full border-collapse text-left text-sm">
            <thead className="text-xs text-ink-soft max-sm:sr-only">
              <tr className="border-b border-line">
                <th scope="col" className="w-[150px] px-4 py-2.5 font-medium">{t('privacy.auditWhen')}</th>
                <th scope="col" className="w-[130px] px-4 py-2.5 font-medium">{t('privacy.auditWho')}</th>
                <th scope="col" className="px-4 py-2.5 font-medium">{t('privacy.auditWhat')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const { actor, action, detail } = text(row);
                return (
                  <tr key={row.id} className="border-b border-line last:border-0 max-sm:grid max-sm:grid-cols-2 max-sm:py-2">
                    <td className="px-4 py-2.5 align-top tabular-nums text-ink-soft max-sm:py-0.5">{formatMoment(row.at, zone, i18n.language)}</td>
                    <td className="px-4 py-2.5 align-top font-medium max-sm:py-0.5 max-sm:text-right">{actor}</td>
                    <td className="px-4 py-2.5 align-top max-sm:col-span-2 max-sm:py-0.5">
                      {action}
                      {detail && <span className="block break-words text-ink-soft">{detail}</span>}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      <LoadMore list={audit} />
    </section>
  );
}
