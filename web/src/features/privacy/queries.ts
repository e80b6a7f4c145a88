import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';
import { keys } from '../../api/keys';
import { useScope } from '../../app/scope';
import { ME_KEY } from '../../app/session';

export function usePolicy() {
  const { tenant } = useScope();
  return useQuery({
    queryKey: keys.policy(tenant.id),
    queryFn: () => answer(api.GET('/api/policy', { params: { query: { tenant: tenant.id } } })),
  });
}

export function useSetPolicy() {
  const { tenant } = useScope();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['PolicyForm']) =>
      answer(api.PUT('/api/policy', { params: { query: { tenant: tenant.id } }, body })),
    onSuccess: (policy) => {
      client.setQueryData(keys.policy(tenant.id), policy);
      void client.invalidateQueries({ queryKey: ME_KEY });
      void client.invalidateQueries({ queryKey: keys.tenant(tenant.id) });
    },
  });
}

export function useAudit() {
  const { tenant } = useScope();
  return useInfiniteQuery({
    queryKey: keys.audit(tenant.id),
    queryFn: ({ pageParam }) =>
      answer(api.GET('/api/audit', { params: { query: { tenant: tenant.id, cursor: pageParam ?? undefined, limit: 25 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}
