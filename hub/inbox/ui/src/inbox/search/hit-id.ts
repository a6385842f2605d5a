import type { SearchHit } from '$shared/types';

/** The id of a result's element on the page. */
export function hitId(hit: SearchHit): string {
  return `hit-${hit.type}-${(hit.type === 'contact' ? hit.contact?.id : hit.message?.id) ?? ''}`;
}
