import { Button, Checkbox, Input, Segmented } from 'antd';
import { Combine, Search, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { Person } from '../../api/client';
import { useScope } from '../../app/scope';
import { SimulatedBadge } from '../../ui/badges';
import { Face, usePersonName } from '../../ui/Face';
import { useClock, useSettled } from '../../ui/hooks';
import { LoadMore } from '../../ui/LoadMore';
import { Page } from '../../ui/Page';
import { Empty, Failure, LoadingCards } from '../../ui/states';
import { formatAgo } from '../../ui/time';
import { CountNotice } from '../privacy/CountNotice';
import { useGoneText } from '../privacy/useGoneText';
import { VisitDrawer } from '../visits/VisitDrawer';
import { MergeModal } from './MergeModal';
import { NameEditor } from './NameEditor';
import { PersonDrawer } from './PersonDrawer';
import { usePeople, usePersonChange } from './queries';

const TABS = ['all', 'named', 'unnamed'] as const;

export function PeoplePage() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const [selected, setSelected] = useState<Person[]>([]);
  const q = search.get('q') ?? '';
  const tab = TABS.find((known) => known === search.get('tab')) ?? 'all';
  const settled = useSettled(q.trim(), 250);
  const list = usePeople({ q: settled, named: tab === 'all' ? undefined : tab === 'named' });
  const people = list.data?.pages.flatMap((page) => page.items) ?? [];
  const measured = list.data?.pages[0]?.measured !== false;
  const filtered = q !== '' || tab !== 'all';
  const set = (name: string, value: string) => {
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  };
  const toggle = (person: Person, on: boolean) =>
    setSelected((before) => (on ? [...before, person].slice(-2) : before.filter((other) => other.id !== person.id)));

  if (!measured && people.length === 0 && !filtered) {
    return (
      <Page title={t('people.title')}>
        <CountNotice title={t('people.count.title')} text={t('people.count.text')} />
      </Page>
    );
  }
  return (
    <Page title={t('people.title')}>
      <div className="mb-5 flex flex-wrap items-center gap-2.5">
        <Segmented
          value={tab}
          onChange={(value) => set('tab', value === 'all' ? '' : value)}
          options={TABS.map((value) => ({ value, label: t(`people.tabs.${value}`) }))}
        />
        <Input
          allowClear
          value={q}
          aria-label={t('people.search')}
          placeholder={t('people.search')}
          prefix={<Search size={16} aria-hidden className="mr-1 text-ink-soft" />}
          onChange={(event) => set('q', event.target.value)}
          className="sm:max-w-[300px]"
        />
      </div>
      {list.isPending && <LoadingCards count={8} height={250} className={grid} />}
      {list.error && !list.data && <Failure error={list.error} retry={() => void list.refetch()} />}
      {list.data && people.length === 0 && (
        <Empty icon={UsersRound} title={filtered ? t('people.empty.filtered') : t('people.empty.title')} text={filtered ? undefined : t('people.empty.text')} />
      )}
      <ul className={grid}>
        {people.map((person) => (
          <PersonCard key={person.id} person={person} selected={selected.some((other) => other.id === person.id)} onSelect={(on) => toggle(person, on)} />
        ))}
      </ul>
      <LoadMore list={list} />
      <SelectionBar selected={selected} clear={() => setSelected([])} />
      <PersonDrawer />
      <VisitDrawer />
    </Page>
  );
}

const grid = 'grid grid-cols-2 gap-3 sm:grid-cols-[repeat(auto-fill,minmax(196px,1fr))] sm:gap-4';

function PersonCard({ person, selected, onSelect }: { person: Person; selected: boolean; onSelect: (on: boolean) => void }) {
  const { t, i18n } = useTranslation();
  const now = useClock(30_000);
  const name = usePersonName()(person);
  const { tenant } = useScope();
  const gone = useGoneText()(person.picture_expires_at);
  const [search, setSearch] = useSearchParams();
  const open = () => {
    const next = new URLSearchParams(search);
    next.set('tenant', tenant.id);
    next.set('person', person.id);
    setSearch(next);
  };
  return (
    <li className={`card group relative flex flex-col overflow-hidden transition-colors ${selected ? 'border-accent ring-1 ring-accent' : 'hover:border-line-strong'}`} data-testid="person">
      <button type="button" onClick={open} aria-label={name} className="block cursor-pointer outline-offset-[-3px]">
        <Face pictureId={person.picture_id} name={name} goneText={gone} className="aspect-[5/4] w-full" />
      </button>
      <Checkbox
        checked={selected}
        onChange={(event) => onSelect(event.target.checked)}
        aria-label={t('people.select', { name })}
        className={`absolute left-2.5 top-2.5 rounded-md bg-surface/85 p-1 backdrop-blur-sm transition-opacity focus-within:opacity-100 group-hover:opacity-100 ${selected ? '' : '[@media(hover:hover)]:opacity-0'}`}
      />
      {person.simulated && (
        <span className="absolute right-2.5 top-2.5">
          <SimulatedBadge glass compact />
        </span>
      )}
      <div className="flex flex-col gap-1 px-3.5 pb-3.5 pt-3">
        <NameEditor person={person} />
        <p className="flex flex-wrap justify-between gap-x-3 text-xs text-ink-soft">
          <span className="font-medium tabular-nums text-ink">{t('people.visits', { count: person.visits })}</span>
          <span>{formatAgo(person.last_seen_at, now, i18n.language)}</span>
        </p>
      </div>
    </li>
  );
}

/** With one selected: whom to join it with; with two: join them. */
function SelectionBar({ selected, clear }: { selected: Person[]; clear: () => void }) {
  const { t } = useTranslation();
  const name = usePersonName();
  const change = usePersonChange();
  const [picking, setPicking] = useState(false);
  const [first, second] = selected;
  if (!first) return null;
  const merge = () => {
    if (!second) {
      setPicking(true);
      return;
    }
    // The one with a name stays; else the one who has been here more often.
    const [into, from] = (first.name ?? '') !== '' || ((second.name ?? '') === '' && first.visits >= second.visits) ? [first, second] : [second, first];
    change.mutate(
      { change: { kind: 'merge', id: from.id, into: into.id }, done: t('people.merged', { from: name(from), into: name(into) }) },
      { onSuccess: clear },
    );
  };
  return (
    <div className="enter fixed inset-x-3 bottom-[74px] z-20 mx-auto flex max-w-[560px] flex-wrap items-center justify-end gap-x-3 gap-y-2 rounded-card border border-line bg-surface px-4 py-3 shadow-lg md:bottom-6">
      <span className="min-w-[200px] flex-1 truncate text-sm">
        <span className="font-semibold">{t('people.selected', { count: selected.length })}</span>
        <span className="ml-2 text-ink-soft">{selected.map(name).join(' + ')}</span>
      </span>
      <Button type="text" onClick={clear}>
        {t('app.cancel')}
      </Button>
      <Button type="primary" icon={<Combine size={16} aria-hidden />} loading={change.isPending} onClick={merge}>
        {second ? t('people.mergeSelected') : t('people.merge')}
      </Button>
      <MergeModal person={picking ? first : null} close={() => setPicking(false)} done={clear} />
    </div>
  );
}
