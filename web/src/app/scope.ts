import { createContext, use } from 'react';
import { useSearchParams, type To } from 'react-router';
import type { Schemas } from '../api/client';

/** What the pages are about: the tenant and, when one is chosen, the site. Both live in the URL. */
export interface Scope {
  tenant: Schemas['Tenant'];
  tenants: Schemas['Tenant'][];
  /** Chosen site, or undefined for all sites of the tenant. */
  site: Schemas['Site'] | undefined;
  sites: Schemas['Site'][];
  /** Zone for times on screen: the chosen site's, else the first site's. */
  zone: string;
}

export const ScopeContext = createContext<Scope | null>(null);

export function useScope(): Scope {
  const scope = use(ScopeContext);
  if (!scope) throw new Error('outside of a scope');
  return scope;
}

/** Makes addresses inside the app that keep the tenant and the site. */
export function useLink(): (path: string, extra?: Record<string, string>) => To {
  const [search] = useSearchParams();
  return (path, extra = {}) => {
    const kept = new URLSearchParams();
    for (const name of ['tenant', 'site']) {
      const value = search.get(name);
      if (value) kept.set(name, value);
    }
    for (const [name, value] of Object.entries(extra)) kept.set(name, value);
    const text = kept.toString();
    return { pathname: path, search: text ? `?${text}` : '' };
  };
}

export function useZoneOf(): (siteId: string) => string {
  const { sites, zone } = useScope();
  return (siteId) => sites.find((site) => site.id === siteId)?.time_zone ?? zone;
}
