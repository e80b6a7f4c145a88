import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Camera = Schemas['Camera'];
export type CameraState = Schemas['CameraState'];
export type Line = Schemas['Line'];
export type Visit = Schemas['Visit'];
export type Person = Schemas['Person'];
export type PersonRef = Schemas['PersonRef'];
export type Me = Schemas['Me'];
export type Mode = Schemas['Mode'];

/** What the server said went wrong; `errorId` is also in its log, `code` is the name of the error ("invalid", "forbidden", …). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errorId: string | null = null,
    readonly field: string | null = null,
    readonly retryAfterSeconds: number | null = null,
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

let csrfToken = '';

/** The token of this session; every answer that carries one renews it. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' });

api.use({
  onRequest: ({ request }) => {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

const isProblem = (body: unknown): body is Schemas['Problem'] => typeof body === 'object' && body !== null && 'title' in body;

/** The data of an answer, or an ApiError: so that queries and mutations fail the same way everywhere. */
export async function answer<T>(call: Promise<Answer<T>>): Promise<T> {
  let result: Answer<T>;
  try {
    result = await call;
  } catch (cause) {
    throw cause instanceof ApiError ? cause : new ApiError(0, 'network');
  }
  if (result.response.ok) return result.data as T;
  const { error, response } = result;
  if (!isProblem(error)) throw new ApiError(response.status, response.statusText || String(response.status));
  throw new ApiError(
    response.status,
    error.detail ?? error.title,
    error.error_id,
    error.field ?? null,
    error.retry_after_seconds ?? null,
    error.type.replace(/^urn:customersight:/, ''),
  );
}

export const pictureUrl = (tenant: string, id: string): string => `/api/pictures/${id}?tenant=${tenant}`;
export const stillUrl = (tenant: string, camera: string, fresh: number): string =>
  `/api/cameras/${camera}/still?tenant=${tenant}&at=${fresh}`;
export const mjpegUrl = (tenant: string, camera: string): string => `/api/cameras/${camera}/live.mjpeg?tenant=${tenant}`;
