/** The subject of an identity, as far as a page can read it: nothing is verified here. */
export function subjectOf(identity: object | null): string | null {
  if (identity === null) return null;
  if ('id' in identity) return String(identity.id);
  try {
    const claims = 'token' in identity ? String(identity.token).split('.')[1] : undefined;
    const decoded: unknown = JSON.parse(atob((claims ?? '').replaceAll('-', '+').replaceAll('_', '/')));
    return typeof decoded === 'object' && decoded !== null && 'sub' in decoded ? String(decoded.sub) : null;
  } catch {
    return null; // no JWT: the server will say so
  }
}
