import { StyleProvider } from '@ant-design/cssinjs';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as AntdApp, ConfigProvider } from 'antd';
import type { Locale } from 'antd/es/locale';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { RouterProvider } from 'react-router/dom';
import { ApiError } from '../api/client';
import { HubProvider } from '../api/feed';
import { antdLocale, currentLanguage } from '../i18n';
import { useMediaQuery } from '../ui/hooks';
import { AppearanceProvider, useAppearance } from './appearance';
import { createRouter } from './routes';
import { ME_KEY } from './session';
import { themeFor } from './theme';

export function createQueryClient(): QueryClient {
  /** A password that was reset meanwhile: asking who we are leads to the form for a new one. */
  const onError = (error: unknown) => {
    if (error instanceof ApiError && error.code === 'password-change-required') void client.invalidateQueries({ queryKey: ME_KEY });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        // 4xx will not get better by asking again; the rest may, while the server starts.
        retry: (count, error) => count < 3 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
        refetchOnWindowFocus: true,
        // The server may be this machine: it answers also where the browser says that there is no network.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}

function Design({ children }: { children: ReactNode }) {
  const { appearance } = useAppearance();
  const { i18n } = useTranslation();
  const [locale, setLocale] = useState<Locale>();
  const language = i18n.language;
  useEffect(() => {
    let current = true;
    void antdLocale(currentLanguage()).then((loaded) => current && setLocale(loaded));
    return () => {
      current = false;
    };
  }, [language]);
  const still = useMediaQuery('(prefers-reduced-motion: reduce)');
  const theme = useMemo(() => themeFor(appearance, still), [appearance, still]);
  return (
    <StyleProvider layer>
      <ConfigProvider theme={theme} locale={locale} button={{ autoInsertSpace: false }}>
        <AntdApp message={{ maxCount: 2 }}>{children}</AntdApp>
      </ConfigProvider>
    </StyleProvider>
  );
}

export function AppRoot() {
  const [client] = useState(createQueryClient);
  const [router] = useState(createRouter);
  return (
    <AppearanceProvider>
      <Design>
        <QueryClientProvider client={client}>
          <HubProvider>
            <RouterProvider router={router} />
          </HubProvider>
        </QueryClientProvider>
      </Design>
    </AppearanceProvider>
  );
}
