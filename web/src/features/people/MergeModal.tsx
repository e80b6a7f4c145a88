import { Input, Modal } from 'antd';
import { Search } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonRef } from '../../api/client';
import { Face, usePersonName } from '../../ui/Face';
import { useSettled } from '../../ui/hooks';
import { Failure, LoadingCards } from '../../ui/states';
import { usePeople, usePersonChange } from './queries';

/** Picks the person who is the same as `person`; that one stays. */
export function MergeModal({ person, close, done }: { person: PersonRef | null; close: () => void; done: () => void }) {
  const { t } = useTranslation();
  const name = usePersonName();
  return (
    <Modal open={person !== null} onCancel={close} footer={null} title={person ? t('people.mergeTitle', { name: name(person) }) : ''} destroyOnHidden>
      {person && <Candidates person={person} close={close} done={done} />}
    </Modal>
  );
}

function Candidates({ person, close, done }: { person: PersonRef; close: () => void; done: () => void }) {
  const { t } = useTranslation();
  const name = usePersonName();
  const [q, setQ] = useState('');
  const people = usePeople({ q: useSettled(q.trim(), 250), named: undefined });
  const change = usePersonChange();
  const candidates = people.data?.pages.flatMap((page) => page.items).filter((other) => other.id !== person.id) ?? [];
  return (
    <>
      <p className="mb-4 text-ink-soft">{t('people.mergeText')}</p>
      <Input
        allowClear
        value={q}
        aria-label={t('people.pick')}
        placeholder={t('people.pick')}
        prefix={<Search size={16} aria-hidden className="mr-1 text-ink-soft" />}
        onChange={(event) => setQ(event.target.value)}
      />
      <div className="scroll-quiet mt-4 max-h-[44vh] overflow-y-auto p-0.5">
        {people.isPending && <LoadingCards count={6} height={120} className="grid grid-cols-3 gap-3" />}
        {people.error && <Failure error={people.error} retry={() => void people.refetch()} />}
        {people.data && candidates.length === 0 && <p className="py-6 text-center text-ink-soft">{t('people.empty.filtered')}</p>}
        <ul className="grid grid-cols-3 gap-3 sm:grid-cols-4">
          {candidates.map((other) => (
            <li key={other.id}>
              <button
                type="button"
                disabled={change.isPending}
                aria-label={t('people.mergeInto', { name: name(other) })}
                className="group w-full cursor-pointer text-left outline-offset-2"
                onClick={() =>
                  change.mutate(
                    { change: { kind: 'merge', id: person.id, into: other.id }, done: t('people.merged', { from: name(person), into: name(other) }) },
                    {
                      onSuccess: () => {
                        close();
                        done();
                      },
                    },
                  )
                }
              >
                <Face pictureId={other.picture_id} name={name(other)} className="aspect-square w-full rounded-[11px] ring-accent transition-shadow group-hover:ring-2" />
                <span className="mt-1.5 block truncate text-sm font-medium">{name(other)}</span>
                <span className="block text-xs text-ink-soft">{t('people.visits', { count: other.visits })}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
