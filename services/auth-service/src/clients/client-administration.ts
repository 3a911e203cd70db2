import type { JSONWebKeySet } from 'jose'
import type { CommittedEnd } from '../revocation/announcing.ts'
import type { Client, ClientAuthMethod, ClientPolicy } from './client.ts'

export interface NewClient extends ClientPolicy {
  readonly id: string
  readonly name: string
  readonly authMethod: ClientAuthMethod
  readonly jwks: JSONWebKeySet | null
  readonly jwksUri: string | null
  readonly secretHashes: readonly string[]
}

/** The changes; an absent member stays as it is. */
export type ClientChange = Partial<
  ClientPolicy & {
    readonly name: string
    readonly jwks: JSONWebKeySet | null
    readonly jwksUri: string | null
    readonly isDisabled: boolean
  }
>

export interface ClientPage {
  readonly clients: readonly Client[]
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: string | undefined
}

export type ClientChangeOutcome =
  | ({ readonly outcome: 'changed'; readonly client: Client; readonly ended: number } & CommittedEnd)
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'not_an_admin' }
  /** The newest secret is not the one to be replaced. */
  | { readonly outcome: 'other_secret' }

export type ClientCreationOutcome =
  | { readonly outcome: 'created'; readonly client: Client }
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'not_an_admin' }

/** Changes of clients by admins and the command line. Without an actor, it is the operator at the command line. */
export interface ClientAdministration {
  /** Clients in the order of their ids. */
  list(query: { after: string | undefined; limit: number }): Promise<ClientPage>
  find(id: string): Promise<Client | undefined>
  create(client: NewClient, actorId: string | undefined): Promise<ClientCreationOutcome>
  /**
   * Changes a client in one transaction. What takes something away (disabling, a scope, an audience, a grant, a key) ends
   * its tokens: their credential id is denylisted, and the client gets another one.
   */
  change(id: string, change: ClientChange, actorId: string | undefined): Promise<ClientChangeOutcome>
  /** Adds a secret beside the newest one, or instead of it when `replaces` is its id. At most two stay valid. */
  addSecret(
    id: string,
    secret: { readonly hash: string; readonly replaces?: string | undefined },
    actorId: string | undefined
  ): Promise<ClientChangeOutcome>
  /** Keeps only the newest secret, and ends the client's tokens. */
  dropOlderSecret(id: string, actorId: string | undefined): Promise<ClientChangeOutcome>
  /** Takes all secrets away, disables a client that authenticates with keys, and ends the client's tokens in either case. */
  voidCredentials(id: string, actorId: string | undefined): Promise<ClientChangeOutcome>
}
