import { Input, type InputRef } from 'antd';
import { PencilLine } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonRef } from '../../api/client';
import { usePersonName } from '../../ui/Face';
import { usePersonChange } from './queries';

/** The name, editable in place: Enter saves, Escape leaves it as it was, empty takes the name away. */
export function NameEditor({ person, large = false }: { person: PersonRef; large?: boolean }) {
  const { t } = useTranslation();
  const shown = usePersonName()(person);
  const change = usePersonChange();
  const [editing, setEditing] = useState(false);
  const [value, setValue] = useState('');
  const input = useRef<InputRef>(null);
  const button = useRef<HTMLButtonElement>(null);
  /** The keyboard ended the editing: it goes on where it began. */
  const backToButton = useRef(false);
  useEffect(() => {
    if (editing) input.current?.focus({ cursor: 'all' });
    else if (backToButton.current) button.current?.focus();
    backToButton.current = false;
  }, [editing]);

  const save = () => {
    if (!editing) return;
    setEditing(false);
    const name = value.trim() || null;
    if (name === (person.name ?? null)) return;
    change.mutate({
      change: { kind: 'name', id: person.id, name },
      done: name === null ? t('people.nameRemoved') : t('people.named', { name }),
    });
  };
  if (editing) {
    return (
      <Input
        ref={input}
        size={large ? 'middle' : 'small'}
        value={value}
        maxLength={200}
        aria-label={t('people.name')}
        placeholder={t('people.addName')}
        onChange={(event) => setValue(event.target.value)}
        onBlur={save}
        onPressEnter={() => {
          backToButton.current = true;
          save();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          backToButton.current = true;
          setEditing(false);
        }}
      />
    );
  }
  return (
    <button
      ref={button}
      type="button"
      aria-label={t('people.rename', { name: shown })}
      className={`flex min-w-0 max-w-full cursor-text items-center gap-1.5 self-start text-left font-semibold hover:text-accent ${large ? 'text-xl' : ''}`}
      onClick={() => {
        setValue(person.name ?? '');
        setEditing(true);
      }}
    >
      <span className="truncate">{change.isPending ? (change.variables.change.kind === 'name' && change.variables.change.name) || shown : shown}</span>
      <PencilLine size={large ? 16 : 13} aria-hidden className="shrink-0 text-ink-soft" />
    </button>
  );
}
