import { createBrowserRouter, Navigate, useLocation, type RouteObject } from 'react-router';
import { LoadingPage } from '../ui/states';
import { NotFound, RouteError } from './RouteError';
import { Shell } from './Shell';

/** Pages are loaded when they are first opened. */
export const routes: RouteObject[] = [
  {
    path: '/login',
    lazy: async () => ({ Component: (await import('../features/login/LoginPage')).LoginPage }),
    HydrateFallback: LoadingPage,
    ErrorBoundary: RouteError,
  },
  {
    path: '/',
    Component: Shell,
    HydrateFallback: LoadingPage,
    ErrorBoundary: RouteError,
    children: [
      { index: true, Component: ToLive },
      {
        ErrorBoundary: RouteError,
        children: [
          { path: 'live', lazy: async () => ({ Component: (await import('../features/live/LivePage')).LivePage }) },
          { path: 'live/:cameraId', lazy: async () => ({ Component: (await import('../features/live/LivePage')).LivePage }) },
          { path: 'now', lazy: async () => ({ Component: (await import('../features/now/NowPage')).NowPage }) },
          { path: 'visits', lazy: async () => ({ Component: (await import('../features/visits/VisitsPage')).VisitsPage }) },
          { path: 'people', lazy: async () => ({ Component: (await import('../features/people/PeoplePage')).PeoplePage }) },
          { path: 'cameras', lazy: async () => ({ Component: (await import('../features/cameras/CamerasPage')).CamerasPage }) },
          { path: 'cameras/:cameraId/line', lazy: async () => ({ Component: (await import('../features/cameras/LinesPage')).LinesPage }) },
          { path: 'privacy', lazy: async () => ({ Component: (await import('../features/privacy/PrivacyPage')).PrivacyPage }) },
          { path: 'settings', lazy: async () => ({ Component: (await import('../features/settings/SettingsPage')).SettingsPage }) },
          { path: 'settings/:tab', lazy: async () => ({ Component: (await import('../features/settings/SettingsPage')).SettingsPage }) },
          { path: 'about', lazy: async () => ({ Component: (await import('../features/about/AboutPage')).AboutPage }) },
          { path: '*', Component: NotFound },
        ],
      },
    ],
  },
];

function ToLive() {
  const { search } = useLocation();
  return <Navigate to={{ pathname: '/live', search }} replace />;
}

export const createRouter = () => createBrowserRouter(routes);
