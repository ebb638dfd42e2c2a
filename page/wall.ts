/** What a display on a wall needs besides its looks: that the screen stays on. */

/** Asks for a screen that stays on, each time the page is seen; browsers grant it on encrypted pages only. */
export function keepAwake(): void {
  const ask = () => {
    if (document.hidden || !("wakeLock" in navigator)) return;
    // Refused by a low battery, or by a browser that knows better: the wall's own settings have to do it then.
    navigator.wakeLock.request("screen").catch(() => undefined);
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
