import { Dropdown, Select, Tooltip, type MenuProps } from 'antd';
import { Check, ChevronDown, CircleUserRound, KeyRound, Languages, LogOut, Moon, Store, Sun, SunMoon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import type { Me } from '../api/client';
import { useFeedConnection } from '../api/feed';
import { chooseLanguage, currentLanguage, LANGUAGES, type Language } from '../i18n';
import { SimulatedBadge } from '../ui/badges';
import { useAppearance, type AppearanceChoice } from './appearance';
import { Mark } from './Navigation';
import { useLink, useScope } from './scope';
import { useLogout } from './session';

export function TopBar({ me }: { me: Me }) {
  const { tenant } = useScope();
  return (
    <header className="sticky top-0 z-20 flex h-[58px] items-center gap-2 border-b border-line bg-paper/90 px-4 backdrop-blur sm:px-6 rail:px-9">
      <span className="md:hidden">
        <Mark size={26} />
      </span>
      <ScopePicker />
      <span className="hidden sm:inline-flex">{tenant.simulated && <SimulatedBadge />}</span>
      <span className="inline-flex sm:hidden">{tenant.simulated && <SimulatedBadge compact />}</span>
      <div className="ml-auto flex items-center gap-1">
        <FeedDot />
        <LanguageMenu />
        <AppearanceMenu />
        <UserMenu me={me} />
      </div>
    </header>
  );
}

/** Tenant and site in one list; a new choice stays on the page but drops its filters. */
function ScopePicker() {
  const { t } = useTranslation();
  const { tenant, tenants, site, sites } = useScope();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  const go = (value: string) => {
    const [tenantId = '', siteId = ''] = value.split('/');
    const next = new URLSearchParams(tenantId === tenant.id ? search : undefined);
    next.set('tenant', tenantId);
    if (siteId) next.set('site', siteId);
    else next.delete('site');
    for (const name of ['camera', 'person', 'visit']) next.delete(name);
    const page = `/${pathname.split('/')[1] ?? ''}`;
    void navigate({ pathname: tenantId === tenant.id ? pathname : page, search: next.toString() });
  };
  const options = tenants.flatMap((candidate) => {
    const own = candidate.id === tenant.id;
    const all = { value: `${candidate.id}/`, label: candidate.name, title: candidate.name };
    if (!own || sites.length < 2) return [all];
    return [
      { ...all, label: `${candidate.name} · ${t('app.allSites')}` },
      ...sites.map((s) => ({ value: `${candidate.id}/${s.id}`, label: `${candidate.name} · ${s.name}`, title: s.name })),
    ];
  });
  return (
    <Select
      aria-label={`${t('app.tenant')}, ${t('app.site')}`}
      variant="borderless"
      value={`${tenant.id}/${sites.length < 2 ? '' : (site?.id ?? '')}`}
      options={options}
      onChange={go}
      popupMatchSelectWidth={false}
      suffixIcon={<ChevronDown size={15} aria-hidden />}
      prefix={<Store size={16} strokeWidth={1.8} aria-hidden className="mr-1 text-ink-soft" />}
      className="min-w-0 max-w-[46vw] font-medium sm:max-w-[360px]"
    />
  );
}

function FeedDot() {
  const { t } = useTranslation();
  const connection = useFeedConnection();
  const text = t(`app.feed.${connection}`);
  const tone = { open: 'bg-ok', connecting: 'bg-amber breathe', closed: 'bg-danger breathe' }[connection];
  return (
    <Tooltip title={text}>
      <span role="status" aria-label={text} data-testid="feed-dot" data-state={connection} className="grid size-9 place-items-center">
        <span aria-hidden className={`size-2.5 rounded-full ${tone}`} />
      </span>
    </Tooltip>
  );
}

const iconButton =
  'inline-flex h-9 min-w-9 cursor-pointer items-center justify-center gap-1.5 rounded-control px-2 text-ink-soft transition-colors hover:bg-sunken hover:text-ink';

export function LanguageMenu() {
  const { t } = useTranslation();
  const language = currentLanguage();
  const items = Object.entries(LANGUAGES).map(([key, label]) => ({
    key,
    label: <span lang={key}>{label}</span>,
    icon: <Check size={15} aria-hidden className={key === language ? '' : 'invisible'} />,
  }));
  return (
    <Dropdown trigger={['click']} menu={{ items, onClick: ({ key }) => void chooseLanguage(key as Language) }} placement="bottomRight">
      <button type="button" className={iconButton} aria-label={`${language.toUpperCase()} – ${t('app.language')}: ${LANGUAGES[language]}`}>
        <Languages size={18} strokeWidth={1.8} aria-hidden />
        <span aria-hidden className="hidden text-xs font-semibold uppercase sm:inline">
          {language}
        </span>
      </button>
    </Dropdown>
  );
}

export function AppearanceMenu() {
  const { t } = useTranslation();
  const { choice, choose } = useAppearance();
  const icons = { system: SunMoon, light: Sun, dark: Moon };
  const Icon = icons[choice];
  const items = (['system', 'light', 'dark'] as const).map((key) => ({
    key,
    label: t(`app.appearance.${key}`),
    icon: <Check size={15} aria-hidden className={key === choice ? '' : 'invisible'} />,
  }));
  return (
    <Dropdown trigger={['click']} menu={{ items, onClick: ({ key }) => choose(key as AppearanceChoice) }} placement="bottomRight">
      <button type="button" className={iconButton} aria-label={`${t('app.appearance.label')}: ${t(`app.appearance.${choice}`)}`}>
        <Icon size={18} strokeWidth={1.8} aria-hidden />
      </button>
    </Dropdown>
  );
}

function UserMenu({ me }: { me: Me }) {
  const { t } = useTranslation();
  const logout = useLogout();
  const navigate = useNavigate();
  const link = useLink();
  const items: MenuProps['items'] = [
    { key: 'who', label: t('app.user.signedIn', { name: me.user.name }), disabled: true },
    { type: 'divider' },
    { key: 'password', label: t('app.user.password'), icon: <KeyRound size={16} aria-hidden /> },
    { key: 'out', label: t('app.user.signOut'), icon: <LogOut size={16} aria-hidden /> },
  ];
  return (
    <Dropdown
      trigger={['click']}
      placement="bottomRight"
      menu={{ items, onClick: ({ key }) => (key === 'out' ? logout.mutate() : void navigate(link('/settings/password'))) }}
    >
      <button type="button" className={iconButton} aria-label={`${me.user.name} – ${t('app.user.menu')}`}>
        <CircleUserRound size={20} strokeWidth={1.7} aria-hidden />
        <span className="hidden max-w-[120px] truncate text-sm font-medium sm:inline">{me.user.name}</span>
      </button>
    </Dropdown>
  );
}
