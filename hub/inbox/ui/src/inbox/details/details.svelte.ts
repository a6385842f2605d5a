import type { Api } from '$shared/api';
import type { Contact, ContactAddress, Conversation, Decided, Link, Message, Suggestion } from '$shared/types';
import { ApiError } from '$shared/http';
import { problemText } from '../shell/problem-text';

const REACH_LASTS = 2_000;

/** What is known about the contact whose thread is open. */
export class Details {
  #api: Api;
  #contact = $state<Contact | null>(null);
  #addresses = $state<ContactAddress[]>([]);
  #links = $state<Link[]>([]);
  #suggestions = $state<Suggestion[]>([]);
  // Decided on this screen; an answer that left the server before that still has them.
  readonly #decided = new Set<string>();
  #reachAt = 0;
  #loaded = $state(false);
  #problem = $state('');

  constructor(api: Api) {
    this.#api = api;
  }

  get contact(): Contact | null {
    return this.#contact;
  }

  get addresses(): readonly ContactAddress[] {
    return this.#addresses;
  }

  get links(): readonly Link[] {
    return this.#links.filter((link) => !link.undone_at);
  }

  get undoneLinks(): readonly Link[] {
    return this.#links.filter((link) => link.undone_at);
  }

  /** Who else this may be, until somebody decides. */
  get suggestions(): readonly Suggestion[] {
    return this.#suggestions;
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  get problem(): string {
    return this.#problem;
  }

  async open(conversation: Conversation): Promise<void> {
    if (this.#contact?.id === conversation.contact.id) return;
    this.close();
    this.#contact = conversation.contact;
    await this.reload();
  }

  close(): void {
    this.#contact = null;
    this.#addresses = [];
    this.#links = [];
    this.#suggestions = [];
    this.#loaded = false;
    this.#problem = '';
  }

  async reload(): Promise<void> {
    const id = this.#contact?.id;
    if (!id) return;
    this.#problem = '';
    try {
      const [contact, addresses, links, suggestions] = await Promise.all([
        this.#api.contact(id),
        this.#api.addresses(id),
        this.#api.links(id),
        this.#api.suggestions(id),
      ]);
      if (this.#contact?.id !== id) return;
      this.#contact = contact;
      this.#addresses = addresses.items;
      this.#links = links.items;
      this.#suggest(suggestions.items);
      this.#loaded = true;
    } catch (error) {
      if (this.#contact?.id === id) this.#problem = problemText(error);
    }
  }

  async rename(name: string): Promise<void> {
    if (this.#contact) this.heardContact(await this.#api.changeContact(this.#contact.id, { name }));
  }

  /** Takes a link back. Everything returns to whom it belonged to. */
  async undo(link: Link): Promise<void> {
    await this.#api.undoLink(link.id);
    await this.reload();
  }

  /** Decides; the suggestion is gone at once, and back where it could not be done. */
  async decide(suggestion: Suggestion, decision: Decided['decision']): Promise<Link | null> {
    const before = this.#suggestions;
    this.#decided.add(suggestion.id);
    this.#suggest(before);
    try {
      const { link } = await this.#api.decide(suggestion.id, decision);
      await this.reload();
      this.#decided.delete(suggestion.id);
      return link;
    } catch (error) {
      this.#decided.delete(suggestion.id);
      if (this.#contact) await this.#loadSuggestions(this.#contact.id).catch(() => this.#suggest(before));
      throw error;
    }
  }

  heardContact(contact: Contact): void {
    if (contact.id === this.#contact?.id) this.#contact = contact;
  }

  /** A message can open a reply window, make an address known or close one, and say who this may be. */
  async heardMessage(message: Message, ownerId: string): Promise<void> {
    const changesReach = message.direction === 'in' || message.delivery?.status === 'failed' || message.type === 'event';
    if (ownerId !== this.#contact?.id || !changesReach) return;
    await Promise.all([this.#loadAddresses(ownerId), this.#loadSuggestions(ownerId)]);
  }

  /** Asks anew where they can be reached: nothing tells when a visitor leaves the page. */
  async refreshReach(): Promise<void> {
    if (!this.#loaded || !this.#contact || Date.now() - this.#reachAt < REACH_LASTS) return;
    try {
      await this.#loadAddresses(this.#contact.id);
    } catch (error) {
      // What was known stays: a lost connection is told elsewhere, and the next look asks again.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async #loadAddresses(id: string): Promise<void> {
    this.#reachAt = Date.now();
    const page = await this.#api.addresses(id);
    if (id === this.#contact?.id) this.#addresses = page.items;
  }

  async #loadSuggestions(id: string): Promise<void> {
    const page = await this.#api.suggestions(id);
    if (id === this.#contact?.id) this.#suggest(page.items);
  }

  #suggest(suggestions: Suggestion[]): void {
    this.#suggestions = suggestions.filter((each) => !this.#decided.has(each.id));
  }
}
