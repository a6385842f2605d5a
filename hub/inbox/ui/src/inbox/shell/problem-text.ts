import { m } from '$messages';
import { ApiError } from '$shared/http';

/** What to tell a person about an error: the server's own sentence where it has one. */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiError)) return m.problem_server();
  if (error.status === 0) return m.problem_unreachable();
  if (error.status === 429) return m.problem_throttled();
  if (error.status >= 500) return m.problem_server();
  if (error.problem.detail) return error.problem.detail;
  if (error.status === 403) return m.problem_forbidden();
  if (error.status === 404) return m.problem_not_found();
  return error.message;
}
