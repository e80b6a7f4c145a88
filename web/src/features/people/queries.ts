import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schemas } from '../../api/client';
import { keys } from '../../api/keys';
import { useScope } from '../../app/scope';
import { useErrorText } from '../../ui/states';
import { useUndo } from '../../ui/undo';

export interface PeopleFilters {
  q: string;
  named: boolean | undefined;
}

/** What to look for: who types a label as it is shown, "Visitor 12", is after that number. `label` is "Visitor {{number}}" in the language of the page. */
export function searched(q: string, label: string): string {
  const [before = '', after = ''] = label.split('{{number}}');
  const text = q.trim();
  const lower = text.toLocaleLowerCase();
  const number = lower.startsWith(before.toLocaleLowerCase()) && lower.endsWith(after.toLocaleLowerCase()) ? text.slice(before.length, text.length - after.length) : '';
  return /^\d+$/.test(number) ? number : text;
}

export function usePeople({ q: typed, named }: PeopleFilters) {
  const { tenant, site } = useScope();
  const { t } = useTranslation();
  const q = searched(typed, t('people.visitor', { number: '{{number}}' }));
  return useInfiniteQuery({
    queryKey: [...keys.people(tenant.id), 'list', { site: site?.id, q, named }],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET('/api/people', {
          params: {
            query: { tenant: tenant.id, site: site?.id, q: q || undefined, named, cursor: pageParam ?? undefined, limit: 60 },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function usePerson(id: string | null) {
  const { tenant } = useScope();
  return useQuery({
    queryKey: [...keys.people(tenant.id), 'one', id],
    queryFn: () => answer(api.GET('/api/people/{id}', { params: { path: { id: id ?? '' }, query: { tenant: tenant.id } } })),
    enabled: id !== null,
  });
}

type Change =
  | { kind: 'name'; id: string; name: string | null }
  | { kind: 'merge'; id: string; into: string }
  | { kind: 'unmerge'; id: string }
  | { kind: 'not-this-person'; track: string };

/** Human decisions about people: carried out, read again, offered for undo. */
export function usePersonChange() {
  const { tenant } = useScope();
  const client = useQueryClient();
  const { message } = App.useApp();
  const { t } = useTranslation();
  const errorText = useErrorText();
  const offerUndo = useUndo();
  const query = { tenant: tenant.id };
  const refresh = () =>
    Promise.all([keys.people(tenant.id), keys.visits(tenant.id), keys.allNow(tenant.id)].map((queryKey) => client.invalidateQueries({ queryKey })));
  const fail = (error: Error) => void message.error(errorText(error));

  const undo = useMutation({
    mutationFn: (id: string) => answer(api.POST('/api/operations/{id}/undo', { params: { path: { id }, query } })),
    onSuccess: () => message.success(t('people.undone')),
    onError: fail,
    onSettled: refresh,
  });
  return useMutation({
    mutationFn: ({ change }: { change: Change; done: string }): Promise<Schemas['Operation']> => {
      switch (change.kind) {
        case 'name':
          return answer(api.PATCH('/api/people/{id}', { params: { path: { id: change.id }, query }, body: { name: change.name } }));
        case 'merge':
          return answer(api.POST('/api/people/{id}/merge', { params: { path: { id: change.id }, query }, body: { into: change.into } }));
        case 'unmerge':
          return answer(api.POST('/api/people/{id}/unmerge', { params: { path: { id: change.id }, query } }));
        case 'not-this-person':
          return answer(api.POST('/api/tracks/{id}/not-this-person', { params: { path: { id: change.track }, query } }));
      }
    },
    onSuccess: (operation, { done }) => offerUndo(done, () => undo.mutate(operation.operation_id)),
    onError: fail,
    onSettled: refresh,
  });
}
