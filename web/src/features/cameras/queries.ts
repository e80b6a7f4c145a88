import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Camera, type Schemas } from '../../api/client';
import { keys } from '../../api/keys';
import { useScope } from '../../app/scope';

/** Cameras of the tenant, or of the chosen site; states follow the feed. */
export function useCameras() {
  const { tenant, site } = useScope();
  return useQuery({
    queryKey: keys.cameras(tenant.id),
    queryFn: async () => (await answer(api.GET('/api/cameras', { params: { query: { tenant: tenant.id } } }))).items,
    select: (cameras) => (site ? cameras.filter((camera) => camera.site_id === site.id) : cameras),
  });
}

export function useDemo(enabled: boolean) {
  return useQuery({
    queryKey: ['demo'],
    queryFn: () => answer(api.GET('/api/demo')),
    enabled,
    refetchInterval: (query) => (query.state.data?.state === 'preparing' ? 1000 : false),
  });
}

/** Puts the answer of a change into the list at once. */
function useReplaceCamera() {
  const { tenant } = useScope();
  const client = useQueryClient();
  return (camera: Camera) => {
    client.setQueryData<Camera[]>(keys.cameras(tenant.id), (cameras) => {
      if (!cameras) return cameras;
      return cameras.some((known) => known.id === camera.id)
        ? cameras.map((known) => (known.id === camera.id ? camera : known))
        : [...cameras, camera];
    });
    void client.invalidateQueries({ queryKey: keys.cameras(tenant.id) });
  };
}

export function useSaveCamera() {
  const { tenant } = useScope();
  const replace = useReplaceCamera();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: Schemas['CameraPatch'] }) =>
      answer(api.PATCH('/api/cameras/{id}', { params: { path: { id }, query: { tenant: tenant.id } }, body })),
    onSuccess: replace,
  });
}

export function useAddCamera() {
  const { tenant } = useScope();
  const replace = useReplaceCamera();
  return useMutation({
    mutationFn: ({ key, body }: { key: string; body: Schemas['CameraNew'] }) =>
      answer(
        api.POST('/api/cameras', { params: { query: { tenant: tenant.id }, header: { 'Idempotency-Key': key } }, body }),
      ),
    onSuccess: replace,
  });
}

export function useTestCamera() {
  const { tenant } = useScope();
  return useMutation({
    mutationFn: (body: Schemas['CameraTestRequest']) =>
      answer(api.POST('/api/cameras/test', { params: { query: { tenant: tenant.id } }, body })),
  });
}

export function useSwitchCamera() {
  const { tenant } = useScope();
  const replace = useReplaceCamera();
  return useMutation({
    mutationFn: ({ id, on }: { id: string; on: boolean }) => {
      const params = { path: { id }, query: { tenant: tenant.id } };
      return answer(on ? api.POST('/api/cameras/{id}/start', { params }) : api.POST('/api/cameras/{id}/stop', { params }));
    },
    onSuccess: replace,
  });
}

export function useDeleteCamera() {
  const { tenant } = useScope();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer(api.DELETE('/api/cameras/{id}', { params: { path: { id }, query: { tenant: tenant.id } } })),
    onSuccess: (_nothing, id) => {
      client.setQueryData<Camera[]>(keys.cameras(tenant.id), (cameras) => cameras?.filter((camera) => camera.id !== id));
    },
  });
}

export function useSetLines() {
  const { tenant } = useScope();
  const replace = useReplaceCamera();
  return useMutation({
    mutationFn: ({ id, lines }: { id: string; lines: Schemas['Line'][] }) =>
      answer(api.PUT('/api/cameras/{id}/lines', { params: { path: { id }, query: { tenant: tenant.id } }, body: { lines } })),
    onSuccess: replace,
  });
}
