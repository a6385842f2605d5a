import { createContext } from 'svelte';
import type { Chat } from './chat.svelte';
import type { Elsewhere } from './elsewhere.svelte';
import type { Place } from './place.svelte';
import type { Settings } from './settings';
import type { Uploads } from './uploads.svelte';

export interface World {
  chat: Chat;
  elsewhere: Elsewhere;
  place: Place;
  settings: Settings;
  uploads: Uploads;
  heading: string;
}

export const [getWorld, setWorld] = createContext<World>();
