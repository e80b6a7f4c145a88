import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Appearance } from './theme';

export type AppearanceChoice = 'system' | Appearance;

const STORAGE_KEY = 'customersight.appearance';
const DARK_QUERY = '(prefers-color-scheme: dark)';

interface AppearanceState {
  choice: AppearanceChoice;
  appearance: Appearance;
  choose: (choice: AppearanceChoice) => void;
}

const Context = createContext<AppearanceState>({ choice: 'system', appearance: 'light', choose: () => undefined });

function storedChoice(): AppearanceChoice {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** Light and dark: follows the system until somebody chooses, and remembers the choice on this device. */
export function AppearanceProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState(storedChoice);
  const [systemDark, setSystemDark] = useState(() => matchMedia(DARK_QUERY).matches);
  useEffect(() => {
    const media = matchMedia(DARK_QUERY);
    const follow = () => setSystemDark(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);
  const appearance: Appearance = choice === 'system' ? (systemDark ? 'dark' : 'light') : choice;
  useEffect(() => {
    document.documentElement.dataset.theme = appearance;
    document.documentElement.style.colorScheme = appearance;
  }, [appearance]);
  const state = useMemo(
    () => ({
      choice,
      appearance,
      choose: (next: AppearanceChoice) => {
        localStorage.setItem(STORAGE_KEY, next);
        setChoice(next);
      },
    }),
    [choice, appearance],
  );
  return <Context value={state}>{children}</Context>;
}

export const useAppearance = (): AppearanceState => use(Context);
