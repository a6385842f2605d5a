import type { Api } from '$shared/api';
import type { Contact, ContactAddress, Conversation, Decided, Link, Message, Suggestion } from '$shared/types';
import { ApiError } from '$shared/http';
import { problemText } from '../shell/problem-text';

const ADDRESSES_FRESH_MS = 2_000;

/** The contact whose timeline is open, with addresses, links and suggestions. */
export class Details {
  #api: Api;
  #contact = $state<Contact | null>(null);
  #addresses = $state<ContactAddress[]>([]);
  #links = $state<Link[]>([]);
  #suggestions = $state<Suggestion[]>([]);
  // Suggestions decided on this screen: an answer that left the server before still holds them.
  readonly #decided = new Set<string>();
  #addressesLoadedAt = 0;
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

  /** Contacts that may be the same person, until an agent decides. */
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
      this.#setSuggestions(suggestions.items);
      this.#loaded = true;
    } catch (error) {
      if (this.#contact?.id === id) this.#problem = problemText(error);
    }
  }

  async rename(name: string): Promise<void> {
    if (this.#contact) this.applyContact(await this.#api.changeContact(this.#contact.id, { name }));
  }

  /** Undoes a link: each message returns to its former contact. */
  async undoLink(link: Link): Promise<void> {
    await this.#api.undoLink(link.id);
    await this.reload();
  }

  /** Accepts or dismisses a suggestion. It disappears at once, and comes back after an error. */
  async decideSuggestion(suggestion: Suggestion, decision: Decided['decision']): Promise<Link | null> {
    const before = this.#suggestions;
    this.#decided.add(suggestion.id);
    this.#setSuggestions(before);
    try {
      const { link } = await this.#api.decideSuggestion(suggestion.id, decision);
      await this.reload();
      this.#decided.delete(suggestion.id);
      return link;
    } catch (error) {
      this.#decided.delete(suggestion.id);
      if (this.#contact) await this.#loadSuggestions(this.#contact.id).catch(() => this.#setSuggestions(before));
      throw error;
    }
  }

  applyContact(contact: Contact): void {
    if (contact.id === this.#contact?.id) this.#contact = contact;
  }

  /** A message can open a reply window, add or close an address, and bring a suggestion. */
  async applyMessage(message: Message, ownerId: string): Promise<void> {
    const changesAddresses = message.direction === 'in' || message.delivery?.status === 'failed' || message.type === 'event';
    if (ownerId !== this.#contact?.id || !changesAddresses) return;
    await Promise.all([this.#loadAddresses(ownerId), this.#loadSuggestions(ownerId)]);
  }

  /** Loads the addresses again: no event says that a visitor has left the page. */
  async refreshAddresses(): Promise<void> {
    if (!this.#loaded || !this.#contact || Date.now() - this.#addressesLoadedAt < ADDRESSES_FRESH_MS) return;
    try {
      await this.#loadAddresses(this.#contact.id);
    } catch (error) {
      // The known addresses stay: a banner shows a lost connection, and the next call loads again.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async #loadAddresses(id: string): Promise<void> {
    this.#addressesLoadedAt = Date.now();
    const page = await this.#api.addresses(id);
    if (id === this.#contact?.id) this.#addresses = page.items;
  }

  async #loadSuggestions(id: string): Promise<void> {
    const page = await this.#api.suggestions(id);
    if (id === this.#contact?.id) this.#setSuggestions(page.items);
  }

  #setSuggestions(suggestions: Suggestion[]): void {
    this.#suggestions = suggestions.filter((suggestion) => !this.#decided.has(suggestion.id));
  }
}
