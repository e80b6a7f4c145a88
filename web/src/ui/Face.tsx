import { Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pictureUrl, type PersonRef } from '../api/client';
import { useScope } from '../app/scope';

/** What stands where a picture was deleted, or never kept. */
export function Silhouette({ className = '' }: { className?: string }) {
  return (
    <svg viewBox="0 0 120 120" className={className} aria-hidden>
      <rect width="120" height="120" fill="var(--cs-sunken)" />
      <circle cx="60" cy="50" r="21" fill="var(--cs-line-strong)" />
      <path d="M18 120c2-27 19-41 42-41s40 14 42 41Z" fill="var(--cs-line-strong)" />
    </svg>
  );
}

interface FaceProps {
  pictureId: string | null | undefined;
  /** "Visitor 12", for the picture's text. */
  name: string;
  /** Said where there is no picture; without it the reason is "no picture kept". */
  goneText?: string;
  className?: string;
}

/** The best picture of a person or visit, else a silhouette and the reason. */
export function Face({ pictureId, name, goneText, className = '' }: FaceProps) {
  const { t } = useTranslation();
  const { tenant } = useScope();
  const [failed, setFailed] = useState<string | null>(null);
  const shape = `block overflow-hidden bg-sunken ${className}`;
  if (!pictureId || failed === pictureId) {
    const text = goneText ?? t('visits.pictureNone');
    return (
      <Tooltip title={text}>
        <span className={shape} role="img" aria-label={text}>
          <Silhouette className="size-full" />
        </span>
      </Tooltip>
    );
  }
  return (
    <span className={shape}>
      <img
        src={pictureUrl(tenant.id, pictureId)}
        alt={t('visits.pictureOf', { name })}
        className="size-full object-cover"
        loading="lazy"
        decoding="async"
        onError={() => setFailed(pictureId)}
      />
    </span>
  );
}

/** A person's name on screen: the given name, else "Visitor 12" in the language of the page. */
export function usePersonName(): (person: PersonRef) => string {
  const { t } = useTranslation();
  return (person) => {
    if (person.name) return person.name;
    return person.number === undefined ? person.label : t('people.visitor', { number: person.number });
  };
}
