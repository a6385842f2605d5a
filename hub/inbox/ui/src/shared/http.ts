// The one place that calls fetch. Errors of the server come as application/problem+json (RFC 9457).

import type { Draft, Message } from './types';

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  code?: string;
  errors?: { field?: string; message: string }[];
  /** All problems of a configuration file. */
  problems?: string[];
  /** The present draft, where an older version was to be saved. */
  draft?: Draft;
  /** What came in that the author of an answer has not seen. */
  message?: Message;
}

/** The server understood and refused, or was not reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${problem.status}`);
    this.name = 'ApiError';
    this.status = problem.status;
    this.code = problem.code ?? (problem.status === 0 ? 'unreachable' : `http_${problem.status}`);
    this.problem = problem;
  }

  /** The request may have been lost on the way, so the same one may be sent again. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== '');
  if (pairs.length === 0) return path;
  return `${path}?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)]))}`;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>;
    return { ...body, status: response.status };
  } catch {
    return { status: response.status, title: response.statusText };
  }
}

/** Calls a JSON API that takes a session cookie with a CSRF header. */
export class JsonClient {
  csrfToken = '';
  onSignedOut: () => void = () => {};

  constructor(private readonly base: string) {}

  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
    return this.request<T>('GET', withQuery(path, query), undefined, signal);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.request<T>('POST', path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('PATCH', path, body);
  }

  /** @param options.keepalive goes on though the page is closed. */
  put<T>(path: string, body: unknown, options: { keepalive?: boolean } = {}): Promise<T> {
    return this.request<T>('PUT', path, body, undefined, options.keepalive);
  }

  delete<T = void>(path: string, body?: unknown): Promise<T> {
    return this.request<T>('DELETE', path, body);
  }

  /** Sends one file as multipart; `onProgress` gets a share between 0 and 1. */
  upload<T>(
    path: string,
    file: File,
    onProgress: (share: number) => void,
    signal?: AbortSignal,
  ): Promise<T> {
    const headers: Record<string, string> = this.csrfToken ? { 'X-CSRF-Token': this.csrfToken } : {};
    return uploadFile<T>(this.base + path, headers, file, onProgress, signal);
  }

  private async request<T>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    keepalive = false,
  ): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET' && this.csrfToken) headers['X-CSRF-Token'] = this.csrfToken;
    const init: RequestInit = { method, headers, credentials: 'same-origin' };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (keepalive) init.keepalive = true;
    if (signal) init.signal = signal;
    let response: Response;
    try {
      response = await fetch(this.base + path, init);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError({ status: 0 });
    }
    if (!response.ok) {
      if (response.status === 401 && path !== '/session') this.onSignedOut();
      throw new ApiError(await problemOf(response));
    }
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }
}

/**
 * Sends one file as multipart; `onProgress` gets a share between 0 and 1.
 *
 * Rejects with an ApiError, or with a DOMException named AbortError after `signal`.
 */
export function uploadFile<T>(
  url: string,
  headers: Record<string, string>,
  file: File,
  onProgress: (share: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  // fetch does not report how much of a body has left.
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.responseType = 'json';
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status < 300) return resolve(request.response as T);
      const body = (request.response ?? {}) as Partial<Problem>;
      reject(new ApiError({ ...body, status: request.status }));
    };
    request.onerror = () => reject(new ApiError({ status: 0 }));
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
