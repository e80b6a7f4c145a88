import { useTranslation } from 'react-i18next';
import type { Schemas } from '../../api/client';

/** The actions that have a text; another one is shown by its own name. */
export const ACTIONS = [
  'login', 'login.fail', 'logout', 'user.create', 'user.change-password', 'user.reset-password', 'worker.enrol', 'worker.revoke',
  'policy.set', 'camera.create', 'camera.update', 'camera.start', 'camera.stop', 'camera.lines', 'camera.delete', 'site.update',
  'person.name', 'person.merge', 'person.unmerge', 'track.not-this-person', 'operation.undo',
] as const;

type KeyOf<Action extends string> = Action extends `${infer Head}.${infer Tail}` ? `${Head}_${KeyOf<Tail>}` : Action extends `${infer Head}-${infer Tail}` ? `${Head}_${KeyOf<Tail>}` : Action;
type ActionKey = KeyOf<(typeof ACTIONS)[number]>;

const keyOf = (action: string): ActionKey | null =>
  (ACTIONS as readonly string[]).includes(action) ? (action.replace(/[.-]/g, '_') as ActionKey) : null;

const MODES = ['count', 'returning', 'members'] as const;

function parsed(detail: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(detail);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** A row of the audit trail for a person: who, what, and what more is known about it. */
export function useAuditText(): (row: Schemas['AuditRow']) => { actor: string; action: string; detail: string | null } {
  const { t } = useTranslation();
  const known: Record<string, string> = {
    system: t('privacy.system'), 'unknown user': t('privacy.unknownUser'), 'command line': t('privacy.commandLine'), worker: t('privacy.worker'),
  };
  const part = (name: string, value: unknown): string => {
    const mode = MODES.find((candidate) => candidate === value);
    if (name === 'mode' && mode) return t(`privacy.modes.${mode}.name`);
    if (name === 'picture_retention_days') return `${t('privacy.pictureDays')}: ${t('privacy.days', { count: Number(value) })}`;
    if (name === 'embedding_retention_months') return `${t('privacy.embeddingMonths')}: ${t('privacy.months', { count: Number(value) })}`;
    if (name === 'simulated' && value === true) return t('app.simulated');
    return `${name}: ${String(value)}`;
  };
  return ({ actor, action, detail }) => {
    const key = keyOf(action);
    const facts = detail ? parsed(detail) : null;
    return {
      actor: known[actor] ?? actor,
      action: key === null ? action : t(`privacy.actions.${key}`),
      detail: facts ? Object.entries(facts).map(([name, value]) => part(name, value)).join(' · ') : (detail ?? null),
    };
  };
}
