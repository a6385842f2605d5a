// What `$messages` is to the compiler. Each build puts the words there that its own readers need:
// the inbox and the sandbox theirs in two languages, the chat its own in the one that is spoken.
import type * as Chat from '../paraglide/chat/messages/_index.js';
import type * as Inbox from '../paraglide/inbox/messages/_index.js';

export declare const m: typeof Chat & typeof Inbox;
