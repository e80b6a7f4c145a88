import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { Suspense, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, Outlet, useLocation, useNavigation, useSearchParams } from 'react-router';
import { answer, api, ApiError, type Me } from '../api/client';
import { keys } from '../api/keys';
import { PasswordForm } from '../features/account/PasswordForm';
import { useTitle } from '../ui/hooks';
import { Failure, LoadingPage } from '../ui/states';
import { useWallScreen } from './wall-screen';
import { ConnectionBanner } from './ConnectionBanner';
import { useFeedUpdates } from './feed-updates';
import { BottomBar, Mark, Rail } from './Navigation';
import { ScopeContext, useScope, type Scope } from './scope';
import { UNTIL_ANSWERED, useLogout, useMe } from './session';
import { AppearanceMenu, LanguageMenu, TopBar } from './TopBar';

/** Everything behind the login: who, which tenant and site, the frame around the pages. */
export function Shell() {
  const me = useMe();
  const { pathname, search } = useLocation();
  const error = me.error ?? (me.data ? null : me.failureReason);
  if (error instanceof ApiError && error.status === 401) {
    const next = pathname === '/' ? '' : `?next=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/login${next}`} replace />;
  }
  if (error) return <Starting error={error} retry={() => void me.refetch()} />;
  if (!me.data) return <LoadingPage />;
  if (me.data.user.must_change_password) return <FirstPassword />;
  return <Scoped me={me.data} />;
}

/** In the place of every page until the password that the program made was changed: the server answers nothing else before. */
function FirstPassword() {
  const { t } = useTranslation();
  const logout = useLogout();
  useTitle(t('settings.password'));
  return (
    <div className="flex min-h-dvh flex-col px-6 py-6 sm:px-12">
      <div className="flex items-center justify-between">
        <span className="flex items-center gap-2.5 text-[16px] font-semibold tracking-tight">
          <Mark size={30} />
          {t('app.name')}
        </span>
        <span className="flex">
          <LanguageMenu />
          <AppearanceMenu />
        </span>
      </div>
      <main className="m-auto w-full max-w-[460px] py-10">
        <h1 className="text-3xl font-semibold">{t('app.user.password')}</h1>
        <PasswordForm />
        <Button type="text" className="mt-3" loading={logout.isPending} onClick={() => logout.mutate()}>
          {t('app.user.signOut')}
        </Button>
      </main>
    </div>
  );
}

function Starting({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useTranslation();
  const starting = error instanceof ApiError && error.status === 503;
  return (
    <div className="px-4 py-20">
      <Failure error={error} retry={retry} />
      {starting && <p className="mt-4 text-center text-ink-soft">{t('app.starting')}</p>}
    </div>
  );
}

function Scoped({ me }: { me: Me }) {
  const [search] = useSearchParams();
  const wanted = search.get('tenant');
  const tenant = me.tenants.find((candidate) => candidate.id === wanted) ?? me.tenants[0];
  const sites = useQuery({
    queryKey: keys.sites(tenant?.id ?? ''),
    queryFn: async () => (await answer(api.GET('/api/sites', { params: { query: { tenant: tenant?.id } } }))).items,
    enabled: tenant !== undefined,
    staleTime: 300_000,
    ...UNTIL_ANSWERED,
  });
  const siteId = search.get('site');
  const scope = useMemo<Scope | null>(() => {
    if (!tenant || !sites.data) return null;
    const site = sites.data.find((candidate) => candidate.id === siteId);
    const zone = (site ?? sites.data[0])?.time_zone ?? 'UTC';
    return { tenant, tenants: me.tenants, site, sites: sites.data, zone };
  }, [tenant, sites.data, siteId, me.tenants]);
  const error = sites.data ? null : (sites.error ?? sites.failureReason);
  if (error) return <Starting error={error} retry={() => void sites.refetch()} />;
  if (!scope) return <LoadingPage />;
  return (
    <ScopeContext value={scope}>
      <Frame me={me} />
    </ScopeContext>
  );
}

function Frame({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { tenant } = useScope();
  const navigation = useNavigation();
  const wall = useWallScreen();
  useFeedUpdates(tenant.id);
  const content = (
    <main id="content" tabIndex={-1} className="min-w-0 outline-none">
      <Suspense fallback={<LoadingPage />}>
        <Outlet />
      </Suspense>
    </main>
  );
  if (wall.on) return content;
  return (
    <div className="md:pl-[76px] rail:pl-[216px]">
      <a
        href="#content"
        className="fixed left-3 top-3 z-50 -translate-y-20 rounded-control bg-accent px-4 py-2 text-white focus:translate-y-0 dark:text-black"
      >
        {t('app.skip')}
      </a>
      <Rail />
      <TopBar me={me} />
      <ConnectionBanner />
      {navigation.state === 'loading' && <div aria-hidden className="breathe fixed inset-x-0 top-0 z-50 h-0.5 bg-accent" />}
      {content}
      <BottomBar />
    </div>
  );
}
