import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Locale } from 'antd/es/locale';
import en from './en.json';

export const LANGUAGES = { en: 'English', vi: 'Tiếng Việt', es: 'Español', tr: 'Türkçe' } as const;
export type Language = keyof typeof LANGUAGES;

const STORAGE_KEY = 'customersight.language';

const texts: Record<Exclude<Language, 'en'>, () => Promise<{ default: typeof en }>> = {
  vi: () => import('./vi.json'),
  es: () => import('./es.json'),
  tr: () => import('./tr.json'),
};

const antdTexts: Record<Language, () => Promise<{ default: Locale }>> = {
  en: () => import('antd/es/locale/en_US'),
  vi: () => import('antd/es/locale/vi_VN'),
  es: () => import('antd/es/locale/es_ES'),
  tr: () => import('antd/es/locale/tr_TR'),
};

const isLanguage = (value: string | null | undefined): value is Language => !!value && value in LANGUAGES;

/** The language chosen on this device, else the browser's first that we speak, else English. */
export function initialLanguage(): Language {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (isLanguage(stored)) return stored;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? 'en';
}

export const currentLanguage = (): Language => (isLanguage(i18next.language) ? i18next.language : 'en');
export const antdLocale = (language: Language): Promise<Locale> => antdTexts[language]().then((module) => module.default);

export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await applyLanguage(initialLanguage(), false);
}

async function applyLanguage(language: Language, remember: boolean): Promise<void> {
  if (language !== 'en' && !i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', (await texts[language]()).default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  if (remember) localStorage.setItem(STORAGE_KEY, language);
}

export const chooseLanguage = (language: Language): Promise<void> => applyLanguage(language, true);
