const SINGLE_KEYS = 'hub.single_keys';

/** Whether single letters are commands, on this device. Commands with Ctrl always are. */
export class KeySettings {
  #singleKeys = $state(localStorage.getItem(SINGLE_KEYS) !== 'off');

  get singleKeys(): boolean {
    return this.#singleKeys;
  }

  set singleKeys(on: boolean) {
    this.#singleKeys = on;
    localStorage.setItem(SINGLE_KEYS, on ? 'on' : 'off');
  }
}
