import { Button, Input, Segmented, Select, Tag } from 'antd';
import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { usePersonName } from '../../ui/Face';
import { useCameras } from '../cameras/queries';
import { usePerson } from '../people/queries';
import { RANGES } from './filters';
import { useVisitFilters } from './queries';

/** The filters of the visit list. They live in the URL, so a filtered list can be sent to somebody. */
export function FilterBar() {
  const { t } = useTranslation();
  const { filters, set } = useVisitFilters();
  const cameras = useCameras().data ?? [];
  const person = usePerson(filters.person ?? null).data;
  const name = usePersonName();
  const any = filters.kind ?? filters.camera ?? filters.person ?? (filters.range === 'all' ? undefined : filters.range);
  return (
    <div role="search" aria-label={t('visits.filters')} className="flex flex-wrap items-center gap-2.5">
      <Segmented
        aria-label={t('visits.kind.label')}
        value={filters.kind ?? 'all'}
        onChange={(kind) => set({ kind: kind === 'all' ? undefined : kind })}
        options={[
          { value: 'all', label: t('visits.kind.all') },
          { value: 'new', label: t('visits.kind.new') },
          { value: 'returning', label: t('visits.kind.returning') },
        ]}
      />
      <Select
        aria-label={t('visits.range.label')}
        value={filters.range}
        onChange={(range) => set({ range: range === 'all' ? undefined : range, from: undefined, to: undefined })}
        options={RANGES.map((value) => ({ value, label: t(`visits.range.${value}`) }))}
        className="min-w-[136px]"
      />
      {filters.range === 'custom' && (
        <span className="flex items-center gap-1.5">
          <Input type="date" aria-label={t('visits.range.from')} value={filters.from ?? ''} max={filters.to} onChange={(event) => set({ from: event.target.value })} />
          <span aria-hidden className="text-ink-soft">
            –
          </span>
          <Input type="date" aria-label={t('visits.range.to')} value={filters.to ?? ''} min={filters.from} onChange={(event) => set({ to: event.target.value })} />
        </span>
      )}
      {cameras.length > 1 && (
        <Select
          aria-label={t('visits.camera')}
          value={filters.camera ?? ''}
          onChange={(camera) => set({ camera })}
          options={[{ value: '', label: t('visits.allCameras') }, ...cameras.map((camera) => ({ value: camera.id, label: camera.name }))]}
          className="min-w-[150px]"
        />
      )}
      {filters.person && (
        <Tag closable closeIcon={<X size={13} aria-label={t('visits.clear')} />} onClose={() => set({ person: undefined })} className="m-0 flex h-9 items-center gap-1 px-3 text-sm">
          {t('visits.person')}: {person ? name(person) : '…'}
        </Tag>
      )}
      {any && (
        <Button type="text" size="small" onClick={() => set({ kind: undefined, camera: undefined, person: undefined, range: undefined, from: undefined, to: undefined })}>
          {t('visits.clear')}
        </Button>
      )}
    </div>
  );
}
