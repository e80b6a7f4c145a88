/** Query keys: the resource, then the tenant, then what narrows it. */
export const keys = {
  tenant: (tenant: string) => ['tenant', tenant] as const,
  sites: (tenant: string) => ['tenant', tenant, 'sites'] as const,
  cameras: (tenant: string) => ['tenant', tenant, 'cameras'] as const,
  now: (tenant: string, site: string | null) => ['tenant', tenant, 'now', site] as const,
  allNow: (tenant: string) => ['tenant', tenant, 'now'] as const,
  visits: (tenant: string) => ['tenant', tenant, 'visits'] as const,
  people: (tenant: string) => ['tenant', tenant, 'people'] as const,
  policy: (tenant: string) => ['tenant', tenant, 'policy'] as const,
  audit: (tenant: string) => ['tenant', tenant, 'audit'] as const,
};
