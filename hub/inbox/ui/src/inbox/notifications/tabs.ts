// What the tabs of one browser agree on. Web Locks say it: a lock ends with its tab, whatever becomes of it.

const VISIBLE = 'hub.visible';

/** Lets one of all tabs do something: the first that asks. The others may again after `ms`. */
export async function onceOverTabs(name: string, ms: number, work: () => void): Promise<void> {
  // Without https there are no locks, and no notifications either: each tab acts for itself.
  if (!('locks' in navigator)) return work();
  await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    work();
    await new Promise((resolve) => setTimeout(resolve, ms));
  });
}

/** Whether a tab holds a lock of this name now. */
export async function isHeld(name: string): Promise<boolean> {
  if (!('locks' in navigator)) return false;
  return ((await navigator.locks.query()).held ?? []).some((lock) => lock.name === name);
}

/** Whether any tab is in front. */
export async function isAnyTabVisible(): Promise<boolean> {
  return !document.hidden || (await isHeld(VISIBLE));
}

/** From now on other tabs know while this one is in front. */
export function announceVisibility(): void {
  if (!('locks' in navigator)) return;
  const hold = () => {
    if (document.hidden) return;
    void navigator.locks.request(VISIBLE, { mode: 'shared' }, () => {
      return new Promise<void>((resolve) => {
        const check = () => {
          if (!document.hidden) return;
          document.removeEventListener('visibilitychange', check);
          resolve();
        };
        document.addEventListener('visibilitychange', check);
        check();
      });
    });
  };
  document.addEventListener('visibilitychange', hold);
  hold();
}
