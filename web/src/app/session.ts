import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, setCsrfToken, type Me, type Schemas } from '../api/client';

export const ME_KEY = ['me'] as const;

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
