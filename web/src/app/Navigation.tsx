import { Dropdown, Tooltip } from 'antd';
import {
  Cctv, CircleGauge, Ellipsis, Footprints, Info, Settings, ShieldCheck, SquarePlay, UsersRound, type LucideIcon,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, NavLink, useLocation } from 'react-router';
import { useMediaQuery } from '../ui/hooks';
import { useLink } from './scope';

const entries = [
  { path: '/live', key: 'live', icon: SquarePlay },
  { path: '/now', key: 'now', icon: CircleGauge },
  { path: '/visits', key: 'visits', icon: Footprints },
  { path: '/people', key: 'people', icon: UsersRound },
  { path: '/cameras', key: 'cameras', icon: Cctv },
  { path: '/privacy', key: 'privacy', icon: ShieldCheck },
  { path: '/settings', key: 'settings', icon: Settings },
  { path: '/about', key: 'about', icon: Info },
] as const satisfies { path: string; key: string; icon: LucideIcon }[];

const primary = entries.slice(0, 6);
const secondary = entries.slice(6);
/** On a phone four pages and "More" fit under the thumb. */
const onPhone = entries.slice(0, 4);
const morePhone = entries.slice(4);

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden className="shrink-0">
      <rect width="32" height="32" rx="9" fill="#f0b45c" />
      <path
        d="M6.5 16c2.400-4.400 5.600-6.600 9.500-6.600s7.100 2.200 9.500 6.600c-2.400 4.400-5.600 6.600-9.500 6.600S8.900 20.400 6.500 16Z"
        fill="none"
        stroke="#102b26"
        strokeWidth="2.300"
        strokeLinejoin="round"
      />
      <circle cx="16" cy="16" r="3.300" fill="#102b26" />
    </svg>
  );
}

function RailEntry({ entry }: { entry: (typeof entries)[number] }) {
  const { t } = useTranslation();
  const link = useLink();
  const wide = useMediaQuery('(min-width: 1120px)');
  const label = t(`app.nav.${entry.key}`);
  const Icon = entry.icon;
  return (
    <li>
      <Tooltip title={wide ? undefined : label} placement="right">
        <NavLink
          to={link(entry.path)}
          aria-label={label}
          className={({ isActive }) =>
            `relative flex h-11 items-center gap-3 rounded-[11px] px-3.5 text-[14px] font-medium no-underline transition-colors outline-offset-[-2px] focus-visible:outline-[#f0b45c] ${
              isActive ? 'bg-rail-active text-white' : 'text-rail-ink hover:bg-rail-active/60 hover:text-white'
            }`
          }
        >
          {({ isActive }) => (
            <>
              <Icon size={19} strokeWidth={isActive ? 2 : 1.7} aria-hidden className={isActive ? 'text-[#f0b45c]' : ''} />
              <span className="hidden rail:inline">{label}</span>
            </>
          )}
        </NavLink>
      </Tooltip>
    </li>
  );
}

export function Rail() {
  const { t } = useTranslation();
  const link = useLink();
  return (
    <nav
      aria-label={t('app.nav.label')}
      className="fixed inset-y-0 left-0 z-30 hidden w-[76px] flex-col bg-rail px-3.5 py-5 md:flex rail:w-[216px] dark:border-r dark:border-line"
    >
      <Link to={link('/live')} className="mb-7 flex items-center gap-2.5 px-2 no-underline outline-offset-4" aria-label={t('app.name')}>
        <Mark />
        <span className="hidden text-[16px] font-semibold tracking-tight text-white rail:inline">{t('app.name')}</span>
      </Link>
      <ul className="flex flex-col gap-1">
        {primary.map((entry) => (
          <RailEntry key={entry.key} entry={entry} />
        ))}
      </ul>
      <ul className="mt-auto flex flex-col gap-1">
        {secondary.map((entry) => (
          <RailEntry key={entry.key} entry={entry} />
        ))}
      </ul>
    </nav>
  );
}

export function BottomBar() {
  const { t } = useTranslation();
  const link = useLink();
  const { pathname } = useLocation();
  const inMore = morePhone.some((entry) => pathname.startsWith(entry.path));
  const shape = 'flex h-full w-full cursor-pointer flex-col items-center justify-center gap-1 text-2xs font-medium no-underline outline-offset-[-3px]';
  return (
    <nav
      aria-label={t('app.nav.label')}
      className="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-surface/95 pb-[env(safe-area-inset-bottom)] backdrop-blur md:hidden"
    >
      <ul className="grid h-[60px] grid-cols-5">
        {onPhone.map(({ path, key, icon: Icon }) => (
          <li key={key}>
            <NavLink to={link(path)} className={({ isActive }) => `${shape} ${isActive ? 'text-accent' : 'text-ink-soft'}`}>
              <Icon size={21} strokeWidth={1.8} aria-hidden />
              {t(`app.nav.${key}`)}
            </NavLink>
          </li>
        ))}
        <li>
          <Dropdown
            trigger={['click']}
            placement="topRight"
            menu={{
              items: morePhone.map(({ path, key, icon: Icon }) => ({
                key,
                icon: <Icon size={17} strokeWidth={1.8} aria-hidden />,
                label: <Link to={link(path)}>{t(`app.nav.${key}`)}</Link>,
              })),
            }}
          >
            <button type="button" className={`${shape} ${inMore ? 'text-accent' : 'text-ink-soft'}`}>
              <Ellipsis size={21} strokeWidth={1.8} aria-hidden />
              {t('app.nav.more')}
            </button>
          </Dropdown>
        </li>
      </ul>
    </nav>
  );
}
