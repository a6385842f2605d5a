// The number of conversations with something for the agent: in the tab's icon, and on the icon of the installed app.
import icon from '$shared/favicon.svg?raw';

const DOT = '<circle cx="21.500" cy="6.500" r="6.500" fill="crimson" stroke="white"/>';

/** The icon of the tab as an address, with a dot while something waits. */
export function iconAddress(count: number): string {
  const shown = count > 0 ? icon.replace('</svg>', `${DOT}</svg>`) : icon;
  return `data:image/svg+xml,${encodeURIComponent(shown)}`;
}

/** Shows the number on the icons. */
export function showBadge(count: number): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link) link.href = iconAddress(count);
  if ('setAppBadge' in navigator) void navigator.setAppBadge(count).catch(() => undefined);
}
