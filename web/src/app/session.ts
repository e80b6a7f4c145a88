import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, ApiError, setCsrfToken, type Me, type Schemas } from '../api/client';

export const ME_KEY = ['me'] as const;
/** How often a server that is away, or still starting, is asked again. */
const ASK_AGAIN_MS = 3000;

/** Of a query without which there is no page: a server that does not answer is asked until it does; `failureReason` says why not. */
export const UNTIL_ANSWERED = {
  retry: (_count: number, error: Error) => !(error instanceof ApiError && error.status >= 400 && error.status < 500),
  retryDelay: ASK_AGAIN_MS,
};

/** Who is logged in; an ApiError with status 401 when nobody is. */
export function useMe() {
  return useQuery({
    queryKey: ME_KEY,
    queryFn: async (): Promise<Me> => {
      const me = await answer(api.GET('/api/me'));
      setCsrfToken(me.csrf_token);
      return me;
    },
    staleTime: 60_000,
    ...UNTIL_ANSWERED,
  });
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['Login']) => answer(api.POST('/api/login', { body })),
    onSuccess: (me) => {
      setCsrfToken(me.csrf_token);
      client.setQueryData(ME_KEY, me);
    },
  });
}

export function useLogout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST('/api/logout')),
    onSettled: () => {
      client.clear();
      location.assign('/login');
    },
  });
}

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['PasswordChange']) => answer(api.PUT('/api/me/password', { body })),
    onSuccess: (me) => {
      setCsrfToken(me.csrf_token);
      client.setQueryData(ME_KEY, me);
    },
  });
}
