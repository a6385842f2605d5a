import { createContext } from 'svelte';
import type { Chat } from '../conversation/chat.svelte';
import type { Elsewhere } from '../handover/handover.svelte';
import type { Place } from './chat-window.svelte';
import type { Settings } from './settings';
import type { Uploads } from '../composer/uploads.svelte';

export interface World {
  chat: Chat;
  elsewhere: Elsewhere;
  place: Place;
  settings: Settings;
  uploads: Uploads;
  heading: string;
}

export const [getWorld, setWorld] = createContext<World>();
