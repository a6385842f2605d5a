import { m } from '$messages';
import { byteSize } from '$shared/format';
import type { Capabilities, Medium } from '$shared/types';

export function mediumOf(mediaType: string): Medium {
  const main = mediaType.split('/')[0];
  return main === 'image' || main === 'audio' || main === 'video' ? main : 'file';
}

function matches(mediaType: string, patterns: readonly string[]): boolean {
  const [main] = mediaType.split('/');
  return patterns.some((pattern) => pattern === '*/*' || pattern === mediaType || pattern === `${main}/*`);
}

/** The reason why a channel does not take this file; empty when it does. */
export function fileProblem(file: { name: string; size: number; type: string }, capabilities: Capabilities, channel: string): string {
  const type = file.type || 'application/octet-stream';
  // A picture or a film over its limits can still go as a plain file.
  const limits = [capabilities.media[mediumOf(type)], capabilities.media['file']].filter((limit) => limit !== undefined);
  const fitting = limits.filter((limit) => matches(type, limit.media_types));
  if (fitting.length === 0) return m.file_type_refused({ channel, name: file.name });
  const maxBytes = Math.max(...fitting.map((limit) => limit.max_bytes));
  return file.size > maxBytes ? m.file_too_large({ name: file.name, channel, limit: byteSize(maxBytes) }) : '';
}
