/** The texts of the administration in English, which are loaded with its pages. They stand beside those of `../en.ts`. */
export const adminEn = {
  admin: {
    sessions: {
      end: 'End the sessions of users who lose a scope now',
      endText:
        'Their tokens are refused at once, and they have to sign in again. Without this, the scope is gone at the next refresh of each session.',
      ended_one: 'One session has ended.',
      ended_other: '{{count}} sessions have ended.'
    },
    disabling: {
      disable: 'Disable',
      enable: 'Enable',
      disableTitle: 'Disable {{name}}?',
      enableTitle: 'Enable {{name}}?',
      disabled: '{{name}} is disabled.',
      enabled: '{{name}} is enabled.'
    },
    common: {
      created: 'Created',
      status: 'Status',
      name: 'Name',
      nameOptional: 'Name (optional)',
      delete: 'Delete',
      scopes: 'Scopes',
      unchanged: 'Nothing was changed.',
      isEnabled: 'Enabled',
      isDisabled: 'Disabled',
      actions: 'Actions',
      remove: 'Remove',
      email: 'E-mail',
      username: 'Username',
      save: 'Save',
      withdraw: 'Withdraw',
      nothing: 'none'
    },
    dashboard: {
      table: 'The numbers as a table',
      quiet: 'Nothing happened in this time.',
      time: 'Time',
      lastHour: 'Last hour',
      lastDay: 'Last day',
      title: 'Dashboard',
      window: 'Time shown in the charts',
      signIns: 'Sign-ins',
      succeeded: 'Succeeded',
      failed: 'Failed',
      refreshes: 'Refreshes',
      refreshesText:
        'A retry gets the current token. A response lost for longer is recovered. A replayed token ends its session.',
      rotated: 'Rotated',
      retried: 'Retried',
      recovered: 'Recovered',
      replayed: 'Replayed',
      refused: 'Refused',
      revocations: 'Revocations',
      sessions: 'Sessions',
      tokens: 'Tokens',
      clients: 'Clients',
      keys: 'Keys',
      live: 'Live sessions',
      now: 'now',
      users: 'Users',
      disabledUsers: '{{number}} disabled',
      last24: 'last 24 hours',
      failedSignIns: 'Failed sign-ins'
    },
    users: {
      roles: 'Roles',
      leaving: 'Leaving',
      title: 'Users',
      found: 'Users that “{{search}}” finds',
      all: 'All users',
      foundNone: 'No part of a username or an e-mail address begins like this. Try fewer letters.',
      empty: 'There is no user yet.',
      list: 'users',
      search: 'Search by username or e-mail',
      searchText: 'The beginning of any part of either.',
      one: 'User',
      toList: 'To the list of users',
      account: 'Account',
      disabledSince: 'Disabled since',
      deletionAt: 'Will be deleted',
      id: 'Id',
      audit: 'Audit log of this user',
      disable: 'Disable user',
      enable: 'Enable user',
      enableText: 'The user can sign in again.',
      disableText: 'The user cannot sign in any more. All sessions end, and their tokens are refused at once.',
      delete: 'Delete user',
      deleteTitle: 'Delete {{name}}?',
      deleted: '{{name}} is deleted.',
      deleteText:
        'All sessions end, and their tokens are refused at once. The account cannot be brought back; another person may register with its username.',
      resetFactors: 'Reset second factors',
      resetFactorsTitle: 'Reset the second factors of {{name}}?',
      reset: 'Reset',
      factorsReset: '{{name}} has no second factor any more.',
      resetFactorsText:
        'For a user who has lost them. Make sure that it is the user who asks: authenticator app, passkeys, recovery codes and trusted devices are removed, all sessions end, and the user gets a mail.',
      resetFactorsOnlyWay:
        'This user signs in only with passkeys. After the reset the user needs a password: by a password reset, which needs a verified e-mail address, or from the operator.',
      credentials: 'How the user signs in',
      password: 'Password',
      passwordSet: 'set',
      passwordMissing: 'none',
      codesLeft: 'Recovery codes left',
      unlinkTitle: 'Unlink {{service}} from {{name}}?',
      unlinkText:
        'The identity no longer belongs to this account. All sessions end, and the user gets a mail. If the service is trusted for the domain of the user’s address, the next sign-in there links it again: to prevent that, disable the account.',
      rolesSaved: 'The roles of {{name}} are saved.',
      rolesLead: 'Taking a role away ends all sessions of the user. A new role is in the next access token.',
      rolesText: 'Choose from the list. Another name creates a role that holds nothing yet.',
      saveRoles: 'Save roles',
      displayNameTitle: 'Change the display name of {{name}}',
      displayNameText:
        'What people call the user, up to 64 characters. Apps that the user signs in to may show it; without one they show the username.',
      displayNameSaved: 'The display name of {{name}} is changed.',
      sessions: 'Sessions',
      endAll: 'End all sessions',
      endAllTitle: 'End all sessions of {{name}}?',
      endAllSubmit: 'End sessions',
      allEnded: 'All sessions of {{name}} have ended.',
      endAllText: 'Their tokens are refused at once. The user can sign in again.'
    },
    invitations: {
      title: 'Invitations',
      by: 'Invited by',
      until: 'Valid until',
      lead: 'A mail with a link that creates an account, also while registration is closed. The roles are given if the inviter is still an admin when it is accepted.',
      invite: 'Invite a user',
      waiting: 'Not accepted yet',
      empty: 'No invitation is waiting.',
      list: 'invitations',
      deletedUser: 'a deleted user',
      operator: 'the operator',
      expired: 'Expired',
      sentAgain: 'Another mail is on its way to {{email}}. The previous link is no longer valid.',
      notSent: 'The mail is not sent',
      sendAgainTo: 'Send again to {{email}}',
      sendAgain: 'Send again',
      withdrawOf: 'Withdraw the invitation of {{email}}',
      withdrawTitle: 'Withdraw the invitation of {{email}}?',
      withdrawn: 'The invitation of {{email}} is withdrawn.',
      withdrawText: 'The link in the mail no longer creates an account.',
      emailWish: 'Enter an address that mail can be sent to, like a@b.example.',
      usernameWish: 'Use 1 to 64 letters, digits or the signs . _ - @ +, or leave this empty.',
      sent: 'A mail is on its way to {{email}}.',
      username: 'Username (optional)',
      usernameText: 'A suggestion, which the invited user may change.',
      roles: 'Roles (optional)',
      language: 'Language',
      languageText: 'For the mail, and for the user.',
      send: 'Send the invitation'
    },
    providers: {
      title: 'Sign-in with others',
      service: 'Service',
      redirectUri: 'Redirect URI',
      identities: 'Identities',
      lead: 'Register this service there, with the redirect URI of the list, and set up here what it gives you.',
      new: 'Set up a service',
      services: 'Services',
      empty: 'Users sign in with their passwords alone.',
      noPages: 'PAGES_URL is not set',
      off: 'Nobody signs in with {{name}} now.',
      on: 'Users can sign in with {{name}}.',
      notChanged: 'Nothing was changed',
      changeOf: 'Change {{name}}',
      change: 'Change',
      enableOf: 'Enable {{name}}',
      disableOf: 'Disable {{name}}',
      deleteOf: 'Delete {{name}}',
      deleteTitle: 'Delete {{name}}?',
      deleted: '{{name}} is deleted.',
      withIdentities: 'Delete it with its identities ({{number}})',
      withIdentitiesText: 'Users who have no other way to sign in cannot sign in then.',
      deleteText: 'Nobody can sign in with it afterwards.',
      oidc: 'Another one (OpenID Connect)',
      wishes: {
        id: 'Use 1 to 32 lower-case letters, digits and hyphens.',
        name: 'Use 1 to 64 characters.',
        issuer: 'Give the URL of the issuer, with https and without a slash at its end.',
        clientId: 'Give the id that this service has there.',
        clientSecret: 'Give the secret that this service has there.',
        appleKey: 'Give the 10 characters of the team, the 10 of the key, and the whole .p8 file.',
        domains: 'Use domains such as example.com.'
      },
      saved: '{{name}} is saved.',
      nameText: 'What the button says.',
      created: 'Users can sign in with {{name}} now.',
      idOptional: 'Id (optional)',
      idText: 'Part of its redirect URI; it cannot be changed later. Without one: {{kind}}',
      issuerOptional: 'Issuer (optional)',
      issuer: 'Issuer',
      tenantText: 'For one tenant alone: https://login.microsoftonline.com/TENANT/v2.0',
      issuerText: 'Its URL. It cannot be changed later.',
      create: 'Set it up',
      kept: 'Leave this empty to keep the one that is there.',
      clientId: 'Client id',
      clientIdText: 'What this service is called there.',
      teamId: 'Team id',
      keyId: 'Key id',
      privateKey: 'Private key',
      privateKeyText: 'The whole .p8 file.',
      secretOptional: 'Client secret (optional)',
      secret: 'Client secret',
      showSecret: 'Show the client secret',
      domains: 'Domains that it is trusted for (optional)',
      domainsText:
        'An account whose confirmed address is of one of them is linked at the first sign-in, if the provider says that it has verified the address.',
      trustsAmr: 'Its second factors count here',
      trustsAmrText: 'When it says that it has asked for more than one factor, none is asked for here.'
    },
    apis: {
      carriesRoles: 'Its tokens name roles',
      carriesRolesText: 'A user’s token for this API names those of the user’s roles that hold a scope of it.',
      wishes: {
        identifier:
          'Give the URI that tokens name the API by, such as https://reports.example.com or urn:example:reports, without spaces, quotes and #.',
        name: 'Use 1 to 100 characters.',
        scopes: 'An API has up to {{max}} scopes, each once.',
        scope: 'A scope has 1 to 64 characters without spaces, quotes and backslashes, such as reports:read.',
        sentence: 'Say in 1 to 200 characters what it lets a program do.'
      },
      scopeTwice: 'This scope is listed already.',
      one: 'API',
      all: 'All APIs',
      toList: 'To the list of APIs',
      identifier: 'Identifier',
      namesRoles: 'Tokens name roles',
      yes: 'Yes',
      no: 'No',
      title: 'APIs',
      lead: 'What access tokens are for, and the scopes that roles hold there.',
      new: 'New API',
      empty: 'There is no API yet. “New API” registers one.',
      saved: 'The API {{name}} is saved.',
      offers: 'What it offers',
      offersLead: 'A scope that is removed or renamed is taken from every role that holds it.',
      save: 'Save API',
      delete: 'Delete API',
      deleteTitle: 'Delete {{name}}?',
      deleted: 'The API {{name}} is deleted.',
      deleteText:
        'Its scopes are taken from every role, and no session can ask for a token for it any more. Sessions stay, and tokens that were issued for it are valid until they expire.',
      deleteFirst:
        'It is the API_AUDIENCE of the auth-service, which makes it again at its next start, without scopes.',
      registered: 'The API {{name}} is registered.',
      identifierText: 'The URI in its tokens. It cannot be changed later.',
      create: 'Create API',
      noScopes: 'Without scopes, every user’s token for this API is alike.',
      addScope: 'Add scope',
      scopeAt: 'Scope {{number}}',
      scope: 'Scope',
      sentence: 'What it lets a program do',
      removeScope: 'Remove scope {{number}}'
    },
    roles: {
      admin:
        'A user who has this role can open these pages and change everything in them, whatever scopes the role holds. It is built in, and cannot be deleted. The last enabled user who has it keeps it.',
      everyone:
        'Every account has this role without being given it, and it cannot be taken from one. It is built in, and cannot be deleted.',
      nameRule: 'A role is 1 to 32 of a-z, 0-9, _ and -, a letter first.',
      descriptionWish: 'Use up to 200 characters.',
      scopesWish: 'A role holds up to 100 scopes that APIs have now. Reload the page if an API was changed meanwhile.',
      saved: 'The role {{name}} is saved.',
      holds: 'What it holds',
      holdsLead: 'A scope that you add is in tokens from the next sign-in or refresh on.',
      description: 'Description',
      save: 'Save role',
      created: 'There is a role {{name}} now. Give it to users on their pages.',
      nameText: 'The name in tokens. It cannot be changed later.',
      descriptionOptional: 'Description (optional)',
      create: 'Create role',
      all: 'All roles',
      toList: 'To the list of roles',
      one: 'Role',
      delete: 'Delete role',
      deleteTitle: 'Delete the role {{name}}?',
      deleted: 'The role {{name}} is deleted.',
      deleteText:
        'A role can be deleted once no user has it: take it from each on the user’s page. No session ends by this.',
      title: 'Roles',
      list: 'roles',
      lead: 'What users may do at APIs: a user’s token has the scopes that the user’s roles hold there.',
      new: 'New role',
      empty: 'There is no role on this page.',
      moreApis: 'There are more APIs than this page shows. The command line has all.',
      noScopes: 'No API has a scope yet.',
      addScopes: 'Add scopes to an API'
    },
    keys: {
      next: 'Next',
      signing: 'Signing',
      retired: 'Retired',
      revoked: 'Revoked',
      size: '{{algorithm}}, {{bits}} bits',
      publishedAt: 'published',
      signsFrom: 'signs from',
      signingFrom: 'signing from',
      retiredAt: 'retired',
      revokedAt: 'revoked',
      rotated: 'The next key signs from now on.',
      isRevoked: 'The key is revoked.',
      title: 'Signing keys',
      lead: 'Each key is published before it signs, and stays published until the last token that it signed has expired.',
      timeline: 'Timeline',
      nextRotation: 'By the schedule, the next key signs from:',
      possibleAt: 'It may sign from:',
      noRotation: 'No rotation is scheduled.',
      empty: 'There is no key.',
      published: 'Published',
      retiredPublished: 'Retired, still published',
      now: 'Now',
      revokeNext: 'It has signed nothing yet, so no token is refused. Another next key takes its place.',
      revokeSigning:
        'Every token that it signed is refused at once, this session’s too, until it is refreshed with the next key.',
      revokeRetired:
        'Every token that it signed is refused at once, until it is refreshed with the key that signs now.',
      revokeKey: 'Revoke key',
      revokeOf: 'Revoke key {{kid}}',
      revokeTitle: 'Revoke this key?',
      revoke: 'Revoke',
      revokeText: 'For a key that may be known to others. It leaves the published key set, and cannot come back:',
      rotateNow: 'Rotate now',
      rotateTitle: 'Rotate the signing keys?',
      rotate: 'Rotate',
      rotateText:
        'The next key signs from now on. The former one stays published until its tokens have expired: no token is refused for it.'
    },
    mail: {
      to: 'To',
      givenUp: 'Abandoned',
      tries: 'Tries',
      reason: 'Reason',
      action: 'Action',
      title: 'Mail',
      kind: 'Mail',
      lead: 'Mail that was abandoned, since the mail server rejected it or was unavailable for too long.',
      table: 'Abandoned mail',
      empty: 'No mail was abandoned in the last 30 days.',
      list: 'mail',
      erased: 'Its link was erased: the user asks for another.',
      sentAgain: 'The mail to {{recipient}} is sent again.',
      notSentAgain: 'The mail could not be sent again',
      sendOfAgain: 'Send the mail to {{recipient}} again',
      sendAgain: 'Send again'
    },
    events: {
      session: {
        started: 'Signed in',
        ended: 'Session ended'
      },
      sign_in: {
        failed: 'Sign-in failed'
      },
      refresh_token: {
        recovered: 'Lost refresh response recovered',
        replayed: 'Refresh token replayed'
      },
      access_token: {
        revoked: 'Access token revoked'
      },
      consent: {
        granted: 'App allowed',
        withdrawn: 'App no longer allowed'
      },
      authorization_code: {
        replayed: 'Code of a sign-in used twice: session ended'
      },
      backchannel_logout: {
        given_up: 'App could not be notified that its session ended'
      },
      user: {
        registered: 'User registered',
        imported: 'User imported',
        disabled: 'User disabled',
        enabled: 'User enabled',
        deletion_requested: 'Deletion requested',
        deletion_cancelled: 'Deletion canceled',
        deleted: 'User deleted',
        roles_changed: 'Roles changed'
      },
      users: {
        exported: 'Users exported'
      },
      username: {
        changed: 'Username changed'
      },
      display_name: {
        changed: 'Display name changed'
      },
      password: {
        changed: 'Password changed',
        reset: 'Password reset by mail',
        set: 'Password set by the operator'
      },
      password_change: {
        failed: 'Password change failed'
      },
      reauthentication: {
        failed: 'Wrong password at a re-authentication'
      },
      password_reset: {
        requested: 'Password reset requested'
      },
      mail_sign_in: {
        requested: 'Sign-in by mail requested'
      },
      email: {
        verified: 'E-mail address verified',
        changed: 'E-mail address changed',
        change_undone: 'Change of e-mail address undone'
      },
      identity: {
        linked: 'Identity linked',
        unlinked: 'Identity unlinked'
      },
      passkey: {
        added: 'Passkey added',
        removed: 'Passkey removed',
        counter_fell: 'Counter of a passkey fell'
      },
      totp: {
        added: 'Authenticator app added',
        removed: 'Authenticator app removed'
      },
      recovery_codes: {
        renewed: 'Recovery codes renewed'
      },
      recovery_code: {
        used: 'Recovery code used'
      },
      second_factor: {
        failed: 'Second factor failed'
      },
      second_factors: {
        reset: 'Second factors reset'
      },
      trusted_device: {
        added: 'Device trusted',
        removed: 'Device no longer trusted'
      },
      client: {
        created: 'Client registered',
        changed: 'Client changed',
        disabled: 'Client disabled',
        enabled: 'Client enabled',
        secret_added: 'Client secret added',
        secret_dropped: 'Older client secret dropped',
        tokens_ended: 'Tokens of a client ended'
      },
      api: {
        created: 'API registered',
        changed: 'API changed',
        deleted: 'API deleted'
      },
      role: {
        created: 'Role created',
        changed: 'Role changed',
        deleted: 'Role deleted'
      },
      provider: {
        created: 'Sign-in with a service set up',
        changed: 'Sign-in with a service changed',
        deleted: 'Sign-in with a service deleted'
      },
      client_authentication: {
        failed: 'Client authentication failed'
      },
      invitation: {
        created: 'Invitation mailed',
        sent: 'Invitation mailed again',
        withdrawn: 'Invitation withdrawn',
        accepted: 'Invitation accepted'
      },
      mail: {
        retried: 'Mail sent again'
      },
      signing_key: {
        published: 'Signing key published',
        rotated: 'Signing keys rotated',
        resealed: 'Signing key encrypted again',
        revoked: 'Signing key revoked',
        removed: 'Signing key removed'
      }
    },
    audit: {
      all: 'All events',
      time: 'Time',
      event: 'Event',
      user: 'User',
      by: 'By',
      origin: 'From',
      details: 'Details',
      untilWish: 'This is before “From”.',
      type: 'Event type',
      from: 'From',
      until: 'Until',
      clear: 'Clear the filter',
      apply: 'Apply',
      session: 'Session',
      client: 'Client',
      title: 'Audit log',
      lead: 'What happened to accounts, sessions, clients and keys; the newest first.',
      filter: 'Filter',
      events: 'Events',
      empty: 'No event fits. Widen the filter, or clear it.',
      list: 'events',
      only: 'Only',
      removeFilter: 'Remove the filter: {{name}}',
      show: 'Show'
    },
    clients: {
      methods: {
        privateKeyJwt: 'Signed assertion (private_key_jwt)',
        secretBasic: 'Secret (client_secret_basic)',
        secretPost: 'Secret in the body (client_secret_post)',
        public: 'None: a public client'
      },
      grants: {
        clientCredentials: 'Client credentials',
        code: 'Authorization code: users sign in to it',
        refresh: 'Refresh token',
        exchange: 'Token exchange (RFC 8693)'
      },
      kinds: {
        web: 'A web app with a server of its own',
        spa: 'A single-page app',
        native: 'A native app',
        service: 'A service that acts on its own behalf',
        acting: 'A service that acts for users (token exchange)',
        api: 'An API that verifies tokens',
        bff: 'A web app behind the bff-service'
      },
      kindTexts: {
        web: 'Users sign in to it here. Its server keeps a secret or a key, and the tokens.',
        spa: 'Users sign in to it here. It runs in the browser alone, so it has no secret, and the tokens are in its pages.',
        native:
          'Users sign in to it here. It runs on desktops, phones or in a terminal, opens the browser for that, and has no secret.',
        service: 'It gets tokens of its own for the APIs that it calls: name them as audiences.',
        acting:
          'It exchanges the tokens that users send it. Name what it is itself as a resource, and the APIs that it calls as audiences or in exchange rules.',
        api: 'With a token of its own it learns at once which tokens were revoked. Name what it is itself as a resource.',
        bff: 'Users sign in to it by the bff-service, which keeps their tokens. It needs no client of its own.'
      },
      ruleWishes: {
        from: 'Name the API that the user’s token is for: one of the resources of this client, letter by letter.',
        scope: 'A scope has up to 64 characters without spaces, quotes and backslashes.',
        to: 'Name another API, such as https://stock.example.com, without spaces, quotes and #.',
        scopes: 'Name 1 to 50 scopes that the new token may have, without quotes and backslashes.'
      },
      wishes: {
        webPage: 'Give an https URL, or leave this empty.',
        id: 'Use 1 to 64 of A-Z, a-z, 0-9, . _ and -, a letter or digit first.',
        name: 'Use 1 to 100 characters.',
        method: 'Choose how the client authenticates itself.',
        jwks: 'Give 1 to 20 public keys: RSA of 2048 bits or more, P-256 or Ed25519; each of several with a kid of its own.',
        jwksUri: 'Give an https URL without a user and a fragment, such as https://reports.example.com/jwks.json.',
        grants: 'Choose client credentials or token exchange, or give a resource whose tokens it inspects.',
        audiences:
          'An audience is the name of an API as its tokens have it, such as https://api.example.com or my-api, without spaces, quotes and #. Fewer and shorter ones fit into a token.',
        resources:
          'A resource is the name of an API as its tokens have it, such as https://reports.example.com or my-api, without spaces, quotes and #.',
        mayActFor: 'Name clients by their ids: 1 to 64 of A-Z, a-z, 0-9, . _ and -.',
        rules: 'Exchange rules need the grant type “token exchange”, and each of them appears here once.',
        lifetime: 'Give 30 to 3600 seconds, or leave this empty.',
        redirectUris:
          'Give one address per line, complete and without a fragment: https, http on localhost, or for a native app a scheme such as com.example.app:/callback.',
        logoutUris:
          'Give one address per line, complete and without a fragment: https, http on localhost, or for a native app a scheme such as com.example.app:/signed-out.',
        pkce: 'A client that does not authenticate itself always needs PKCE.',
        idTokenLifetime: 'Give 30 to 86400 seconds, or leave this empty.',
        keysMissing: 'Give the public keys here, or their address below.',
        keysTwice: 'Give the keys or their address, not both.',
        audienceMissing: 'The client needs an audience: what its tokens are for.',
        resourceMissing: 'Token exchange needs a resource: what the client is itself, as tokens name it.',
        mayActForMissing: 'Token exchange needs the clients whose users it may act for.',
        noKeySet: 'This is not a key set. One looks like {"keys": [{"kty": "EC", …}]}.',
        privateKey: 'This holds a private key. Give the public part alone.'
      },
      saved: 'The client {{id}} is saved.',
      may: 'What it may do',
      mayLead: 'Taking something away ends every token that was issued to the client.',
      save: 'Save client',
      scopes: 'Scopes',
      scopesText: 'What its tokens may hold.',
      audiences: 'Audiences',
      audiencesText: 'URIs of the APIs that its tokens may be for.',
      resources: 'Resources',
      resourcesText: 'URIs of what it is itself: tokens for these it may introspect.',
      mayActFor: 'May act for',
      mayActForText: 'Ids of clients whose users it may act for.',
      carriesRoles: 'Carries the roles of users',
      carriesRolesText: 'Its tokens for a user hold the user’s roles, so it passes where a role is asked for.',
      unbindsTokens: 'May unbind tokens from keys',
      unbindsTokensText: 'It exchanges a token that is bound to a key (DPoP) without a proof of that key.',
      jwks: 'Public keys (JWKS)',
      jwksText: 'A key set in JSON. Never the private key.',
      jwksUri: 'Address of the keys (jwks_uri)',
      jwksUriText: 'Instead of the keys: an https URL.',
      grantTypes: 'Grant types',
      lifetime: 'Lifetime of access tokens in seconds',
      lifetimeText: 'Empty: the issuer’s own.',
      authentication: 'Authentication',
      kind: 'What it is',
      all: 'All clients',
      toList: 'To the list of clients',
      builtIn: 'This client belongs to the issuer itself, and cannot be changed.',
      one: 'Client',
      firstToken: 'First token',
      audit: 'Audit log of this client',
      noToken: 'None seen yet. This page looks for it.',
      secrets: 'Secrets',
      secretsLead:
        'A new secret and the previous one are both valid. Give the new one to the client, then drop the older one.',
      noNewSecret: 'There is no new secret',
      newSecret: 'New secret',
      theNewSecret: 'The new secret',
      dropOlder: 'Drop the older secret',
      dropOlderTitle: 'Drop the older secret?',
      drop: 'Drop',
      dropOlderText: 'From now on only the newest secret is valid. Every token that was issued to the client ends.',
      olderDropped: 'From now on only the newest secret is valid.',
      title: 'Clients',
      list: 'clients',
      lead: 'Apps to which users sign in, and services that get tokens of their own.',
      new: 'New client',
      empty: 'There is no client yet. “New client” registers one.',
      disable: 'Disable client',
      enable: 'Enable client',
      enableText: 'The client can authenticate itself again.',
      disableText:
        'The client cannot authenticate itself any more, and every token that was issued to it ends at once.',
      rules: 'Exchange rules',
      rulesText:
        'A rule lets the client exchange a user’s token for one API into a token for another, as far as the user’s roles hold the scopes there. Without a rule, it gets no more than the user’s token has.',
      addRule: 'Add rule',
      ruleAt: 'Rule {{number}}',
      ruleFrom: 'From the API',
      ruleScope: 'With the scope (optional)',
      ruleTo: 'To the API',
      ruleScopes: 'With the scopes',
      removeRule: 'Remove rule {{number}}',
      lostSecret:
        'The client {{id}} is registered, but the response with its secret was lost, and no page can show that secret. Create a new one, which replaces it.',
      later: 'Later',
      makeSecret: 'Create a new secret',
      registered: 'The client {{id}} is registered.',
      id: 'Client id',
      shownName: 'Name, as users see it (optional)',
      method: 'How it authenticates itself',
      create: 'Create client',
      idTaken: 'There is a client with this id. Choose another one.',
      copySecret: 'Copy the secret now, to where the client reads it. It is kept nowhere and not shown again.',
      secret: 'Client secret',
      secretCopied: 'The secret is copied.',
      copyRefused: 'The browser does not let this page copy. Select the secret and copy it by hand.',
      haveCopied: 'I have copied it',
      secretPlace: 'put the secret here',
      setup: {
        web: 'Node reads the file with --env-file=.env. The code is for Express, with openid-client. This page shows when the first user has signed in.',
        spa: 'Vite reads the file. The code needs oidc-client-ts. This page shows when the first user has signed in.',
        native:
          'The code is for AppAuth in React Native; AppAuth of other platforms needs the same values. This page shows when the first user has signed in.',
        service: 'Node reads the file with --env-file=.env. The code gets a token, which this page shows.',
        title: 'Set it up',
        bff: 'Give the bff-service these settings, and serve the pages from the same origin.',
        code: 'Code'
      },
      redirectTexts: {
        web: 'One per line, compared letter by letter, such as https://app.example.com/callback.',
        spa: 'One per line, compared letter by letter: the page that gets the code, such as https://app.example.com/callback.',
        native:
          'One per line: a scheme such as com.example.app:/callback, an https link of the app, or http://127.0.0.1/callback, which is valid with any port.'
      },
      logo: 'Logo (optional)',
      logoText: 'The https URL of a picture.',
      policy: 'Privacy policy (optional)',
      terms: 'Terms of service (optional)',
      httpsText: 'An https URL.',
      redirectUris: 'Redirect URIs',
      logoutUris: 'Redirect URIs after sign-out (optional)',
      logoutUrisText: 'One per line: where users may be sent back to when they sign out.',
      backchannel: 'Back-channel logout URI (optional)',
      backchannelText: 'The issuer sends it a token when a session of the app has ended. An https URL.',
      usersSee: 'What users see',
      firstParty: 'It is ours',
      firstPartyText: 'Users are not asked for their consent.',
      pkce: 'Requires PKCE',
      pkceText: 'Leave this on. Only older apps do not support it, and they need a secret or a key.',
      idTokenLifetime: 'Lifetime of ID tokens in seconds',
      idTokenLifetimeText: 'Empty: that of access tokens.'
    }
  },
  refusals: {
    noLongerAdmin: 'You are no longer an admin.',
    userUnknown: 'There is no user with this id.',
    userSessionUnknown: 'The user has no live session with this id.',
    roleUnknown: 'There is no role with this name.',
    apiUnknown: 'There is no API with this id.',
    keyUnknown: 'There is no key with this kid.',
    clientUnknown: 'There is no client with this id.',
    invitationUnknown: 'There is no invitation with this id.',
    providerUnknown: 'There is no provider with this id.',
    mailUnknown: 'There is no abandoned mail with this id.'
  },
  codes: {
    own_account: 'Another admin has to delete this account.',
    role_taken: 'There is a role with this name.',
    role_is_built_in: 'This role is built in, and cannot be deleted.',
    role_in_use: 'A user has this role. Take it from them first.',
    api_is_issuer: 'This is the issuer itself, which has no scopes to give.',
    api_taken: 'There is an API with this identifier.',
    rotation_too_early: 'The next key was published too recently: some verifiers may not know it yet.',
    too_many_keys: 'Too many keys are still published. Rotate again when some of them are removed.',
    next_key_unusable:
      'The next key cannot be opened with the master keys of this replica. Revoke it, and another is created.',
    client_id_taken: 'There is a client with this id.',
    client_is_built_in: 'This client belongs to the issuer itself, and cannot be changed.',
    other_secret: 'The newest secret of this client is another one.',
    already_invited: 'This address is invited already. Send that invitation again, or withdraw it.',
    provider_taken: 'There is a provider with this id.',
    last_way_in_of_user:
      'The user has no other password, passkey or linked service. To keep the user out, disable the account.',
    issuer_taken: 'Another service that is set up has this issuer. An identity there would belong to both.',
    provider_in_use: 'Users sign in with this provider. Disable it, or delete it with their identities.',
    secret_erased: 'The link and the code of this mail were erased. Its user has to ask for another mail.'
  }
}

export type AdminTexts = typeof adminEn
