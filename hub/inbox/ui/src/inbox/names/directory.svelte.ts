import { SvelteMap } from 'svelte/reactivity';
import type { Api } from '$shared/api';
import { kindName } from '$shared/kinds';
import type { Agent, Connector, Kind, ListedConnector, Presence } from '$shared/types';

/** The agents and the connectors, with their names. */
export class Directory {
  readonly #api: Api;
  #agents = new SvelteMap<string, Agent>();
  #connectors = new SvelteMap<string, ListedConnector>();
  #viewing = new SvelteMap<string, string>();
  #dismissed = $state<string[]>([]);

  constructor(api: Api) {
    this.#api = api;
  }

  get agents(): Agent[] {
    return [...this.#agents.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  get connectors(): ListedConnector[] {
    return [...this.#connectors.values()];
  }

  /** Broken connectors whose banner is not dismissed. A new error shows the banner again. */
  get needingAttention(): Connector[] {
    return this.connectors.filter(
      (connector) => connector.state === 'attention' && !this.#dismissed.includes(this.#bannerKey(connector)),
    );
  }

  agent(id: string | null | undefined): Agent | null {
    return id ? (this.#agents.get(id) ?? null) : null;
  }

  connector(name: string | null | undefined): Connector | null {
    return name ? (this.#connectors.get(name) ?? null) : null;
  }

  kindOf(connector: string | null | undefined): Kind | null {
    return this.connector(connector)?.kind ?? null;
  }

  /** The other agents who have this conversation open. */
  viewersOf(conversationId: string, me: string): Agent[] {
    return this.agents.filter((agent) => agent.id !== me && this.#viewing.get(agent.id) === conversationId);
  }

  /** The name of a channel: its label, or its kind, with the connector's name where there are several of that kind. */
  channelName(connector: string | null | undefined, kind: Kind | null = null): string {
    const known = this.connector(connector);
    if (known?.label && known.label !== known.name) return known.label;
    const shownKind = known?.kind ?? kind;
    const isOnlyOne = this.connectors.filter((each) => each.kind === shownKind).length < 2;
    return isOnlyOne || !connector ? kindName(shownKind) : `${kindName(shownKind)} (${connector})`;
  }

  async load(): Promise<void> {
    const [agents, connectors] = await Promise.all([this.#api.agents(), this.#api.connectors()]);
    for (const agent of agents.items) this.#agents.set(agent.id, agent);
    for (const connector of connectors.items) this.#connectors.set(connector.name, connector);
  }

  applyPresence(agent: Agent, presence: Presence): void {
    this.#agents.set(agent.id, { ...agent, presence });
    if (presence === 'offline') this.#viewing.delete(agent.id);
  }

  applyViewing(agent: Agent, conversationId: string | null): void {
    this.#agents.set(agent.id, agent);
    if (conversationId) this.#viewing.set(agent.id, conversationId);
    else this.#viewing.delete(agent.id);
  }

  applyConnector(connector: Connector): void {
    const journal = this.#connectors.get(connector.name)?.journal ?? null;
    this.#connectors.set(connector.name, { ...connector, journal });
  }

  dismiss(connector: Connector): void {
    this.#dismissed = [...this.#dismissed, this.#bannerKey(connector)];
  }

  #bannerKey(connector: Connector): string {
    return `${connector.name} ${connector.last_error}`;
  }
}
