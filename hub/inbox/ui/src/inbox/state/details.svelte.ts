import type { Api } from '$shared/api';
import type { Contact, ContactAddress, Conversation, Link, Message } from '$shared/types';
import { problemText } from '../lib/problem-text';

/** What is known about the contact whose thread is open. */
export class Details {
  #api: Api;
  #contact = $state<Contact | null>(null);
  #addresses = $state<ContactAddress[]>([]);
  #links = $state<Link[]>([]);
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

  get isLoaded(): boolean {
    return this.#loaded;
  }

  get problem(): string {
    return this.#problem;
  }

  async open(conversation: Conversation): Promise<void> {
    if (this.#contact?.id === conversation.contact.id) return;
    this.#contact = conversation.contact;
    this.#addresses = [];
    this.#links = [];
    this.#loaded = false;
    await this.reload();
  }

  async reload(): Promise<void> {
    const id = this.#contact?.id;
    if (!id) return;
    this.#problem = '';
    try {
      const [contact, addresses, links] = await Promise.all([this.#api.contact(id), this.#api.addresses(id), this.#api.links(id)]);
      if (this.#contact?.id !== id) return;
      this.#contact = contact;
      this.#addresses = addresses.items;
      this.#links = links.items;
      this.#loaded = true;
    } catch (error) {
      if (this.#contact?.id === id) this.#problem = problemText(error);
    }
  }

  async rename(name: string): Promise<void> {
    if (this.#contact) this.heardContact(await this.#api.changeContact(this.#contact.id, { name }));
  }

  async undo(link: Link): Promise<void> {
    await this.#api.undoLink(link.id);
    await this.reload();
  }

  heardContact(contact: Contact): void {
    if (contact.id === this.#contact?.id) this.#contact = contact;
  }

  /** A message can open a reply window, make an address known or close one. */
  async heardMessage(message: Message, ownerId: string): Promise<void> {
    const changesReach = message.direction === 'in' || message.delivery?.status === 'failed';
    if (ownerId !== this.#contact?.id || !changesReach) return;
    const page = await this.#api.addresses(ownerId);
    if (ownerId === this.#contact?.id) this.#addresses = page.items;
  }
}
