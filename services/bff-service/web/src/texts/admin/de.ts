import type { AdminTexts } from './en.ts'

/** The texts of the administration in German. */
export const adminDe: AdminTexts = {
  admin: {
    sessions: {
      end: 'Sitzungen von Benutzern, die einen Scope verlieren, jetzt beenden',
      endText:
        'Ihre Tokens werden sofort abgelehnt, und sie müssen sich neu anmelden. Sonst fehlt der Scope ab der nächsten Erneuerung jeder Sitzung.',
      ended_one: 'Eine Sitzung ist beendet.',
      ended_other: '{{count}} Sitzungen sind beendet.'
    },
    disabling: {
      disable: 'Deaktivieren',
      enable: 'Aktivieren',
      disableTitle: '{{name}} deaktivieren?',
      enableTitle: '{{name}} aktivieren?',
      disabled: '{{name}} ist deaktiviert.',
      enabled: '{{name}} ist aktiviert.'
    },
    common: {
      created: 'Angelegt',
      status: 'Status',
      name: 'Name',
      nameOptional: 'Name (optional)',
      delete: 'Löschen',
      scopes: 'Scopes',
      unchanged: 'Es wurde nichts geändert.',
      isEnabled: 'Aktiv',
      isDisabled: 'Deaktiviert',
      actions: 'Aktionen',
      remove: 'Entfernen',
      email: 'E-Mail',
      username: 'Benutzername',
      save: 'Speichern',
      withdraw: 'Zurückziehen',
      nothing: 'keine'
    },
    dashboard: {
      table: 'Die Zahlen als Tabelle',
      quiet: 'In dieser Zeit ist nichts geschehen.',
      time: 'Zeit',
      lastHour: 'Letzte Stunde',
      lastDay: 'Letzter Tag',
      title: 'Übersicht',
      window: 'Zeitraum der Diagramme',
      signIns: 'Anmeldungen',
      succeeded: 'Gelungen',
      failed: 'Fehlgeschlagen',
      refreshes: 'Erneuerungen',
      refreshesText:
        'Eine Wiederholung bekommt das aktuelle Token. Eine länger verlorene Antwort wird wiederhergestellt. Ein noch einmal benutztes Token beendet seine Sitzung.',
      rotated: 'Rotiert',
      retried: 'Wiederholt',
      recovered: 'Wiederhergestellt',
      replayed: 'Noch einmal benutzt',
      refused: 'Abgelehnt',
      revocations: 'Widerrufe',
      sessions: 'Sitzungen',
      tokens: 'Tokens',
      clients: 'Clients',
      keys: 'Schlüssel',
      live: 'Laufende Sitzungen',
      now: 'jetzt',
      users: 'Benutzer',
      disabledUsers: '{{number}} deaktiviert',
      last24: 'letzte 24 Stunden',
      failedSignIns: 'Fehlgeschlagene Anmeldungen'
    },
    users: {
      roles: 'Rollen',
      leaving: 'Wird gelöscht',
      title: 'Benutzer',
      found: 'Benutzer, die „{{search}}“ findet',
      all: 'Alle Benutzer',
      foundNone:
        'Kein Teil eines Benutzernamens oder einer E-Mail-Adresse beginnt so. Versuchen Sie es mit weniger Buchstaben.',
      empty: 'Es gibt noch keinen Benutzer.',
      list: 'Benutzer',
      search: 'Nach Benutzername oder E-Mail suchen',
      searchText: 'Der Anfang eines Teils davon.',
      one: 'Benutzer',
      toList: 'Zur Liste der Benutzer',
      account: 'Konto',
      disabledSince: 'Deaktiviert seit',
      deletionAt: 'Wird gelöscht am',
      id: 'Id',
      audit: 'Audit-Log dieses Benutzers',
      disable: 'Benutzer deaktivieren',
      enable: 'Benutzer aktivieren',
      enableText: 'Der Benutzer kann sich wieder anmelden.',
      disableText:
        'Der Benutzer kann sich nicht mehr anmelden. Alle Sitzungen enden, und ihre Tokens werden sofort abgelehnt.',
      delete: 'Benutzer löschen',
      deleteTitle: '{{name}} löschen?',
      deleted: '{{name}} ist gelöscht.',
      deleteText:
        'Alle Sitzungen enden, und ihre Tokens werden sofort abgelehnt. Das Konto kommt nicht zurück; jemand anderes kann sich mit seinem Benutzernamen registrieren.',
      resetFactors: 'Zweite Faktoren zurücksetzen',
      resetFactorsTitle: 'Zweite Faktoren von {{name}} zurücksetzen?',
      reset: 'Zurücksetzen',
      factorsReset: '{{name}} hat keinen zweiten Faktor mehr.',
      resetFactorsText:
        'Für einen Benutzer, der sie verloren hat. Stellen Sie sicher, dass er selbst darum bittet: Authenticator-App, Passkeys, Wiederherstellungscodes und vertraute Geräte werden entfernt, alle Sitzungen enden, und der Benutzer bekommt eine E-Mail.',
      resetFactorsOnlyWay:
        'Dieser Benutzer meldet sich nur mit Passkeys an. Danach braucht er ein Passwort: durch Zurücksetzen, wofür es eine bestätigte E-Mail-Adresse braucht, oder vom Betreiber.',
      credentials: 'Wie sich der Benutzer anmeldet',
      password: 'Passwort',
      passwordSet: 'gesetzt',
      passwordMissing: 'keines',
      codesLeft: 'Übrige Wiederherstellungscodes',
      unlinkTitle: 'Die Verknüpfung von {{name}} mit {{service}} lösen?',
      unlinkText:
        'Die Identität gehört dann nicht mehr zu diesem Konto. Alle Sitzungen enden, und der Benutzer bekommt eine E-Mail. Wenn dem Dienst für die Domain seiner Adresse vertraut wird, verknüpft die nächste Anmeldung dort sie wieder: Um das zu verhindern, deaktivieren Sie das Konto.',
      rolesSaved: 'Die Rollen von {{name}} sind gespeichert.',
      rolesLead:
        'Eine Rolle wegzunehmen, beendet alle Sitzungen des Benutzers. Eine neue Rolle steht im nächsten Access-Token.',
      rolesText: 'Wählen Sie aus der Liste. Ein anderer Name legt eine Rolle an, die noch nichts enthält.',
      saveRoles: 'Rollen speichern',
      displayNameTitle: 'Anzeigenamen von {{name}} ändern',
      displayNameText:
        'Bis zu 64 Zeichen, so wie man die Person nennt. Apps, bei denen sie sich anmeldet, können ihn zeigen; ohne ihn zeigen sie den Benutzernamen.',
      displayNameSaved: 'Der Anzeigename von {{name}} ist geändert.',
      sessions: 'Sitzungen',
      endAll: 'Alle Sitzungen beenden',
      endAllTitle: 'Alle Sitzungen von {{name}} beenden?',
      endAllSubmit: 'Sitzungen beenden',
      allEnded: 'Alle Sitzungen von {{name}} sind beendet.',
      endAllText: 'Ihre Tokens werden sofort abgelehnt. Der Benutzer kann sich wieder anmelden.'
    },
    invitations: {
      title: 'Einladungen',
      by: 'Eingeladen von',
      until: 'Gültig bis',
      lead: 'Eine E-Mail mit einem Link, der ein Konto anlegt, auch wenn die Registrierung geschlossen ist. Die Rollen gelten, wenn der Einladende bei der Annahme noch Administrator ist.',
      invite: 'Jemanden einladen',
      waiting: 'Noch nicht angenommen',
      empty: 'Keine Einladung ist offen.',
      list: 'Einladungen',
      deletedUser: 'ein gelöschter Benutzer',
      operator: 'der Betreiber',
      expired: 'Abgelaufen',
      sentAgain: 'Eine weitere E-Mail an {{email}} ist unterwegs. Der frühere Link gilt nicht mehr.',
      notSent: 'Die E-Mail wurde nicht gesendet',
      sendAgainTo: 'Noch einmal senden: {{email}}',
      sendAgain: 'Noch einmal senden',
      withdrawOf: 'Einladung von {{email}} zurückziehen',
      withdrawTitle: 'Einladung von {{email}} zurückziehen?',
      withdrawn: 'Die Einladung von {{email}} ist zurückgezogen.',
      withdrawText: 'Der Link in der E-Mail legt dann kein Konto mehr an.',
      emailWish: 'Geben Sie eine Adresse ein, an die E-Mail gesendet werden kann, wie a@b.example.',
      usernameWish: 'Verwenden Sie 1 bis 64 Buchstaben, Ziffern oder die Zeichen . _ - @ +, oder lassen Sie das leer.',
      sent: 'Eine E-Mail an {{email}} ist unterwegs.',
      username: 'Benutzername (optional)',
      usernameText: 'Ein Vorschlag, den die eingeladene Person ändern kann.',
      roles: 'Rollen (optional)',
      language: 'Sprache',
      languageText: 'Der E-Mail und des Benutzers.',
      send: 'Einladung senden'
    },
    providers: {
      title: 'Anmelden mit anderen Diensten',
      service: 'Dienst',
      redirectUri: 'Redirect-URI',
      identities: 'Identitäten',
      lead: 'Registrieren Sie diese Anwendung dort mit dem Redirect-URI aus der Liste, und richten Sie hier ein, was Sie dort bekommen.',
      new: 'Dienst einrichten',
      services: 'Dienste',
      empty: 'Benutzer melden sich nur mit ihren Passwörtern an.',
      noPages: 'PAGES_URL ist nicht gesetzt',
      off: 'Mit {{name}} meldet sich jetzt niemand an.',
      on: 'Benutzer können sich mit {{name}} anmelden.',
      notChanged: 'Es wurde nichts geändert',
      changeOf: '{{name}} ändern',
      change: 'Ändern',
      enableOf: '{{name}} aktivieren',
      disableOf: '{{name}} deaktivieren',
      deleteOf: '{{name}} löschen',
      deleteTitle: '{{name}} löschen?',
      deleted: '{{name}} ist gelöscht.',
      withIdentities: 'Mit seinen Identitäten löschen ({{number}})',
      withIdentitiesText: 'Benutzer ohne andere Möglichkeit können sich dann nicht mehr anmelden.',
      deleteText: 'Danach kann sich niemand mehr damit anmelden.',
      oidc: 'Ein anderer (OpenID Connect)',
      wishes: {
        id: 'Verwenden Sie 1 bis 32 Kleinbuchstaben, Ziffern und Bindestriche.',
        name: 'Verwenden Sie 1 bis 64 Zeichen.',
        issuer: 'Geben Sie die URL des Issuers an, mit https und ohne Schrägstrich am Ende.',
        clientId: 'Geben Sie die Id an, die diese Anwendung dort hat.',
        clientSecret: 'Geben Sie das Secret an, das diese Anwendung dort hat.',
        appleKey: 'Geben Sie die 10 Zeichen des Teams, die 10 des Schlüssels und die ganze .p8-Datei an.',
        domains: 'Verwenden Sie Domains wie example.com.'
      },
      saved: '{{name}} ist gespeichert.',
      nameText: 'Was auf dem Knopf steht.',
      created: 'Benutzer können sich jetzt mit {{name}} anmelden.',
      idOptional: 'Id (optional)',
      idText: 'Steht in seinem Redirect-URI und bleibt dort. Ohne Angabe: {{kind}}',
      issuerOptional: 'Issuer (optional)',
      issuer: 'Issuer',
      tenantText: 'Für einen Mandanten allein: https://login.microsoftonline.com/TENANT/v2.0',
      issuerText: 'Seine URL, die bleibt, wie sie ist.',
      create: 'Einrichten',
      kept: 'Lassen Sie das leer, um das bisherige zu behalten.',
      clientId: 'Client-Id',
      clientIdText: 'Wie diese Anwendung dort heißt.',
      teamId: 'Team-Id',
      keyId: 'Schlüssel-Id',
      privateKey: 'Privater Schlüssel',
      privateKeyText: 'Die ganze .p8-Datei.',
      secretOptional: 'Client-Secret (optional)',
      secret: 'Client-Secret',
      showSecret: 'Client-Secret anzeigen',
      domains: 'Domains, für die ihm vertraut wird (optional)',
      domainsText:
        'Ein Konto, dessen bestätigte Adresse zu einer davon gehört, wird bei der ersten Anmeldung verknüpft, wenn der Dienst sagt, dass er die Adresse geprüft hat.',
      trustsAmr: 'Seine zweiten Faktoren gelten hier',
      trustsAmrText: 'Sagt er, dass er mehr als einen Faktor verlangt hat, wird hier keiner mehr verlangt.'
    },
    apis: {
      carriesRoles: 'Ihre Tokens nennen Rollen',
      carriesRolesText:
        'Das Token eines Benutzers für diese API nennt die Rollen des Benutzers, die einen Scope von ihr enthalten.',
      wishes: {
        identifier:
          'Geben Sie den URI an, mit dem Tokens die API nennen, etwa https://reports.example.com oder urn:example:reports, ohne Leerzeichen, Anführungszeichen und #.',
        name: 'Verwenden Sie 1 bis 100 Zeichen.',
        scopes: 'Eine API hat bis zu {{max}} Scopes, jeden einmal.',
        scope:
          'Ein Scope hat 1 bis 64 Zeichen ohne Leerzeichen, Anführungszeichen und umgekehrte Schrägstriche, etwa reports:read.',
        sentence: 'Sagen Sie in 1 bis 200 Zeichen, was er einem Programm erlaubt.'
      },
      scopeTwice: 'Diesen Scope gibt es schon.',
      one: 'API',
      all: 'Alle APIs',
      toList: 'Zur Liste der APIs',
      identifier: 'Kennung',
      namesRoles: 'Tokens nennen Rollen',
      yes: 'Ja',
      no: 'Nein',
      title: 'APIs',
      lead: 'Wofür Access-Tokens gelten, und die Scopes, die Rollen dort enthalten.',
      new: 'Neue API',
      empty: 'Es gibt noch keine API. „Neue API“ registriert eine.',
      saved: 'Die API {{name}} ist gespeichert.',
      offers: 'Was sie bietet',
      offersLead: 'Ein Scope, der entfernt oder umbenannt wird, wird jeder Rolle genommen, die ihn enthält.',
      save: 'API speichern',
      delete: 'API löschen',
      deleteTitle: '{{name}} löschen?',
      deleted: 'Die API {{name}} ist gelöscht.',
      deleteText:
        'Ihre Scopes werden jeder Rolle genommen, und keine Sitzung kann mehr ein Token für sie anfordern. Sitzungen bleiben, und ausgestellte Tokens gelten, bis sie ablaufen.',
      deleteFirst: 'Sie ist die API_AUDIENCE des auth-service, der sie beim nächsten Start wieder anlegt, ohne Scopes.',
      registered: 'Die API {{name}} ist registriert.',
      identifierText: 'Der URI in ihren Tokens. Er bleibt, wie er ist.',
      create: 'API anlegen',
      noScopes: 'Ohne Scopes ist das Token jedes Benutzers für diese API gleich.',
      addScope: 'Scope hinzufügen',
      scopeAt: 'Scope {{number}}',
      scope: 'Scope',
      sentence: 'Was er einem Programm erlaubt',
      removeScope: 'Scope {{number}} entfernen'
    },
    roles: {
      admin:
        'Ein Benutzer mit dieser Rolle kann diese Seiten öffnen und alles darin ändern, welche Scopes die Rolle auch enthält. Es gibt sie von Anfang an, und sie kann nicht gelöscht werden. Der letzte aktive Benutzer, der sie hat, behält sie.',
      everyone:
        'Jedes Konto hat diese Rolle, ohne sie zu bekommen, und sie kann keinem genommen werden. Es gibt sie von Anfang an, und sie kann nicht gelöscht werden.',
      nameRule: 'Eine Rolle besteht aus 1 bis 32 Zeichen von a-z, 0-9, _ und -, zuerst ein Buchstabe.',
      descriptionWish: 'Verwenden Sie bis zu 200 Zeichen.',
      scopesWish:
        'Eine Rolle enthält bis zu 100 Scopes, die APIs jetzt haben. Laden Sie die Seite neu, wenn eine API inzwischen geändert wurde.',
      saved: 'Die Rolle {{name}} ist gespeichert.',
      holds: 'Was sie enthält',
      holdsLead: 'Ein Scope, den Sie hinzufügen, steht ab der nächsten Anmeldung oder Erneuerung in den Tokens.',
      description: 'Beschreibung',
      save: 'Rolle speichern',
      created: 'Es gibt jetzt die Rolle {{name}}. Geben Sie sie Benutzern auf deren Seiten.',
      nameText: 'Wie er in Tokens steht. Er bleibt, wie er ist.',
      descriptionOptional: 'Beschreibung (optional)',
      create: 'Rolle anlegen',
      all: 'Alle Rollen',
      toList: 'Zur Liste der Rollen',
      one: 'Rolle',
      delete: 'Rolle löschen',
      deleteTitle: 'Rolle {{name}} löschen?',
      deleted: 'Die Rolle {{name}} ist gelöscht.',
      deleteText:
        'Eine Rolle kann gelöscht werden, sobald kein Benutzer sie hat: Nehmen Sie sie jedem auf seiner Seite. Dabei endet keine Sitzung.',
      title: 'Rollen',
      list: 'Rollen',
      lead: 'Was Benutzer an APIs dürfen: Das Token eines Benutzers hat die Scopes, die seine Rollen dort enthalten.',
      new: 'Neue Rolle',
      empty: 'Auf dieser Seite ist keine Rolle.',
      moreApis: 'Es gibt mehr APIs, als diese Seite zeigt. Die Befehlszeile hat alle.',
      noScopes: 'Noch keine API hat einen Scope.',
      addScopes: 'Scopes einer API anlegen'
    },
    keys: {
      next: 'Nächster',
      signing: 'Signiert',
      retired: 'Abgelöst',
      revoked: 'Widerrufen',
      size: '{{algorithm}}, {{bits}} Bit',
      publishedAt: 'veröffentlicht',
      signsFrom: 'signiert ab',
      signingFrom: 'signiert seit',
      retiredAt: 'abgelöst',
      revokedAt: 'widerrufen',
      rotated: 'Ab jetzt signiert der nächste Schlüssel.',
      isRevoked: 'Der Schlüssel ist widerrufen.',
      title: 'Signaturschlüssel',
      lead: 'Jeder Schlüssel wird veröffentlicht, bevor er signiert, und bleibt es, bis das letzte Token abgelaufen ist, das er signiert hat.',
      timeline: 'Zeitachse',
      nextRotation: 'Nach Plan signiert der nächste Schlüssel ab:',
      possibleAt: 'Er darf signieren ab:',
      noRotation: 'Es ist keine Rotation geplant.',
      empty: 'Es gibt keinen Schlüssel.',
      published: 'Veröffentlicht',
      retiredPublished: 'Abgelöst, noch veröffentlicht',
      now: 'Jetzt',
      revokeNext:
        'Er hat noch nichts signiert, also wird kein Token abgelehnt. Ein anderer nächster Schlüssel tritt an seine Stelle.',
      revokeSigning:
        'Jedes Token, das er signiert hat, wird sofort abgelehnt, auch das dieser Sitzung, bis es mit dem nächsten Schlüssel erneuert ist.',
      revokeRetired:
        'Jedes Token, das er signiert hat, wird sofort abgelehnt, bis es mit dem Schlüssel erneuert ist, der jetzt signiert.',
      revokeKey: 'Schlüssel widerrufen',
      revokeOf: 'Schlüssel widerrufen: {{kid}}',
      revokeTitle: 'Diesen Schlüssel widerrufen?',
      revoke: 'Widerrufen',
      revokeText:
        'Für einen Schlüssel, den andere kennen könnten. Er verlässt die veröffentlichten Schlüssel und kommt nicht zurück:',
      rotateNow: 'Jetzt rotieren',
      rotateTitle: 'Signaturschlüssel rotieren?',
      rotate: 'Rotieren',
      rotateText:
        'Ab jetzt signiert der nächste Schlüssel. Der bisherige bleibt veröffentlicht, bis seine Tokens abgelaufen sind: Kein Token wird deshalb abgelehnt.'
    },
    mail: {
      to: 'An',
      givenUp: 'Aufgegeben',
      tries: 'Versuche',
      reason: 'Grund',
      action: 'Aktion',
      title: 'E-Mail',
      kind: 'E-Mail',
      lead: 'E-Mails, die aufgegeben wurden, weil der Mailserver sie abgelehnt hat oder zu lange nicht erreichbar war.',
      table: 'Aufgegebene E-Mails',
      empty: 'In den letzten 30 Tagen wurde keine E-Mail aufgegeben.',
      list: 'E-Mails',
      erased: 'Ihr Link wurde gelöscht: Der Benutzer fordert eine neue an.',
      sentAgain: 'Die E-Mail an {{recipient}} wird noch einmal gesendet.',
      notSentAgain: 'Die E-Mail konnte nicht noch einmal gesendet werden',
      sendOfAgain: 'E-Mail an {{recipient}} noch einmal senden',
      sendAgain: 'Noch einmal senden'
    },
    events: {
      session: {
        started: 'Angemeldet',
        ended: 'Sitzung beendet'
      },
      sign_in: {
        failed: 'Anmeldung fehlgeschlagen'
      },
      refresh_token: {
        recovered: 'Verlorene Antwort einer Erneuerung wiederhergestellt',
        replayed: 'Refresh-Token noch einmal benutzt'
      },
      access_token: {
        revoked: 'Access-Token widerrufen'
      },
      consent: {
        granted: 'App erlaubt',
        withdrawn: 'App nicht mehr erlaubt'
      },
      authorization_code: {
        replayed: 'Code einer Anmeldung zweimal benutzt: Sitzung beendet'
      },
      backchannel_logout: {
        given_up: 'App hat vom Ende ihrer Sitzung nichts erfahren'
      },
      user: {
        registered: 'Benutzer registriert',
        imported: 'Benutzer importiert',
        disabled: 'Benutzer deaktiviert',
        enabled: 'Benutzer aktiviert',
        deletion_requested: 'Löschung verlangt',
        deletion_cancelled: 'Löschung aufgegeben',
        deleted: 'Benutzer gelöscht',
        roles_changed: 'Rollen geändert'
      },
      users: {
        exported: 'Benutzer exportiert'
      },
      username: {
        changed: 'Benutzername geändert'
      },
      display_name: {
        changed: 'Anzeigename geändert'
      },
      password: {
        changed: 'Passwort geändert',
        reset: 'Passwort per E-Mail zurückgesetzt',
        set: 'Passwort vom Betreiber gesetzt'
      },
      password_change: {
        failed: 'Passwortänderung fehlgeschlagen'
      },
      reauthentication: {
        failed: 'Erneute Anmeldung mit falschem Passwort'
      },
      password_reset: {
        requested: 'Zurücksetzen des Passworts verlangt'
      },
      mail_sign_in: {
        requested: 'Anmeldung per E-Mail verlangt'
      },
      email: {
        verified: 'E-Mail-Adresse bestätigt',
        changed: 'E-Mail-Adresse geändert',
        change_undone: 'Änderung der E-Mail-Adresse rückgängig gemacht'
      },
      identity: {
        linked: 'Identität verknüpft',
        unlinked: 'Identität gelöst'
      },
      passkey: {
        added: 'Passkey hinzugefügt',
        removed: 'Passkey entfernt',
        counter_fell: 'Zähler eines Passkeys gefallen'
      },
      totp: {
        added: 'Authenticator-App hinzugefügt',
        removed: 'Authenticator-App entfernt'
      },
      recovery_codes: {
        renewed: 'Wiederherstellungscodes erneuert'
      },
      recovery_code: {
        used: 'Wiederherstellungscode benutzt'
      },
      second_factor: {
        failed: 'Zweiter Faktor fehlgeschlagen'
      },
      second_factors: {
        reset: 'Zweite Faktoren zurückgesetzt'
      },
      trusted_device: {
        added: 'Gerät vertraut',
        removed: 'Gerät nicht mehr vertraut'
      },
      client: {
        created: 'Client registriert',
        changed: 'Client geändert',
        disabled: 'Client deaktiviert',
        enabled: 'Client aktiviert',
        secret_added: 'Client-Secret hinzugefügt',
        secret_dropped: 'Älteres Client-Secret verworfen',
        tokens_ended: 'Tokens eines Clients beendet'
      },
      api: {
        created: 'API registriert',
        changed: 'API geändert',
        deleted: 'API gelöscht'
      },
      role: {
        created: 'Rolle angelegt',
        changed: 'Rolle geändert',
        deleted: 'Rolle gelöscht'
      },
      provider: {
        created: 'Anmelden mit einem Dienst eingerichtet',
        changed: 'Anmelden mit einem Dienst geändert',
        deleted: 'Anmelden mit einem Dienst gelöscht'
      },
      client_authentication: {
        failed: 'Client-Authentifizierung fehlgeschlagen'
      },
      invitation: {
        created: 'Einladung gesendet',
        sent: 'Einladung noch einmal gesendet',
        withdrawn: 'Einladung zurückgezogen',
        accepted: 'Einladung angenommen'
      },
      mail: {
        retried: 'E-Mail noch einmal gesendet'
      },
      signing_key: {
        published: 'Signaturschlüssel veröffentlicht',
        rotated: 'Signaturschlüssel rotiert',
        resealed: 'Signaturschlüssel neu verschlüsselt',
        revoked: 'Signaturschlüssel widerrufen',
        removed: 'Signaturschlüssel entfernt'
      }
    },
    audit: {
      all: 'Alle Ereignisse',
      time: 'Zeit',
      event: 'Ereignis',
      user: 'Benutzer',
      by: 'Von',
      origin: 'Woher',
      details: 'Einzelheiten',
      untilWish: 'Das ist vor „Von“.',
      type: 'Art des Ereignisses',
      from: 'Von',
      until: 'Bis',
      clear: 'Filter aufheben',
      apply: 'Anwenden',
      session: 'Sitzung',
      client: 'Client',
      title: 'Audit-Log',
      lead: 'Was mit Konten, Sitzungen, Clients und Schlüsseln geschehen ist; das Neueste zuerst.',
      filter: 'Filter',
      events: 'Ereignisse',
      empty: 'Kein Ereignis passt. Erweitern Sie den Filter, oder heben Sie ihn auf.',
      list: 'Ereignisse',
      only: 'Nur',
      removeFilter: 'Filter entfernen: {{name}}',
      show: 'Anzeigen'
    },
    clients: {
      methods: {
        privateKeyJwt: 'Signierte Assertion (private_key_jwt)',
        secretBasic: 'Secret (client_secret_basic)',
        secretPost: 'Secret im Body (client_secret_post)',
        public: 'Keine: ein öffentlicher Client'
      },
      grants: {
        clientCredentials: 'Client Credentials',
        code: 'Authorization Code: Benutzer melden sich bei ihm an',
        refresh: 'Refresh-Token',
        exchange: 'Token Exchange (RFC 8693)'
      },
      kinds: {
        web: 'Eine Web-App mit eigenem Server',
        spa: 'Eine Single-Page-App',
        native: 'Eine native App',
        service: 'Ein Dienst, der in eigenem Namen handelt',
        acting: 'Ein Dienst, der für Benutzer handelt (Token Exchange)',
        api: 'Eine API, die Tokens prüft',
        bff: 'Eine Web-App hinter dem bff-service'
      },
      kindTexts: {
        web: 'Benutzer melden sich hier bei ihr an. Ihr Server bewahrt ein Secret oder einen Schlüssel auf, und die Tokens.',
        spa: 'Benutzer melden sich hier bei ihr an. Sie läuft nur im Browser, hat also kein Secret, und die Tokens sind in ihren Seiten.',
        native:
          'Benutzer melden sich hier bei ihr an. Sie läuft auf Rechnern, Telefonen oder im Terminal, öffnet dafür den Browser und hat kein Secret.',
        service: 'Er bekommt eigene Tokens für die APIs, die er aufruft: Nennen Sie diese als Audiences.',
        acting:
          'Er tauscht die Tokens, die Benutzer ihm senden. Nennen Sie ihn selbst als Ressource, und die APIs, die er aufruft, als Audiences oder in Tauschregeln.',
        api: 'Mit einem eigenen Token erfährt sie sofort, welche Tokens widerrufen wurden. Nennen Sie sie selbst als Ressource.',
        bff: 'Benutzer melden sich über den bff-service bei ihr an, der ihre Tokens aufbewahrt. Sie braucht keinen eigenen Client.'
      },
      ruleWishes: {
        from: 'Nennen Sie die API, für die das Token des Benutzers gilt: eine der Ressourcen dieses Clients, Buchstabe für Buchstabe.',
        scope: 'Ein Scope hat bis zu 64 Zeichen ohne Leerzeichen, Anführungszeichen und umgekehrte Schrägstriche.',
        to: 'Nennen Sie eine andere API, etwa https://stock.example.com, ohne Leerzeichen, Anführungszeichen und #.',
        scopes:
          'Nennen Sie 1 bis 50 Scopes, die das neue Token haben darf, ohne Anführungszeichen und umgekehrte Schrägstriche.'
      },
      wishes: {
        webPage: 'Geben Sie eine https-URL an, oder lassen Sie das leer.',
        id: 'Verwenden Sie 1 bis 64 Zeichen von A-Z, a-z, 0-9, . _ und -, zuerst einen Buchstaben oder eine Ziffer.',
        name: 'Verwenden Sie 1 bis 100 Zeichen.',
        method: 'Wählen Sie, wie der Client zeigt, dass er es ist.',
        jwks: 'Geben Sie 1 bis 20 öffentliche Schlüssel an: RSA ab 2048 Bit, P-256 oder Ed25519; von mehreren jeder mit einer eigenen kid.',
        jwksUri: 'Geben Sie eine https-URL ohne Benutzer und Fragment an, etwa https://reports.example.com/jwks.json.',
        grants:
          'Wählen Sie Client Credentials oder Token Exchange, oder geben Sie eine Ressource an, deren Tokens er prüft.',
        audiences:
          'Eine Audience ist der Name einer API, wie er in ihren Tokens steht, etwa https://api.example.com oder my-api, ohne Leerzeichen, Anführungszeichen und #. Weniger und kürzere passen in ein Token.',
        resources:
          'Eine Ressource ist der Name einer API, wie er in ihren Tokens steht, etwa https://reports.example.com oder my-api, ohne Leerzeichen, Anführungszeichen und #.',
        mayActFor: 'Nennen Sie Clients mit ihren Ids: 1 bis 64 Zeichen von A-Z, a-z, 0-9, . _ und -.',
        rules: 'Tauschregeln brauchen den Grant Type „Token Exchange“, und jede steht hier einmal.',
        lifetime: 'Geben Sie 30 bis 3600 Sekunden an, oder lassen Sie das leer.',
        redirectUris:
          'Geben Sie eine Adresse je Zeile an, vollständig und ohne Fragment: https, http auf localhost oder für eine native App ein Schema wie com.example.app:/callback.',
        logoutUris:
          'Geben Sie eine Adresse je Zeile an, vollständig und ohne Fragment: https, http auf localhost oder für eine native App ein Schema wie com.example.app:/signed-out.',
        pkce: 'Ein Client, der sich nicht authentifiziert, braucht immer PKCE.',
        idTokenLifetime: 'Geben Sie 30 bis 86400 Sekunden an, oder lassen Sie das leer.',
        keysMissing: 'Geben Sie die öffentlichen Schlüssel hier an, oder darunter ihre Adresse.',
        keysTwice: 'Geben Sie die Schlüssel oder ihre Adresse an, nicht beides.',
        audienceMissing: 'Der Client braucht eine Audience: wofür seine Tokens gelten.',
        resourceMissing: 'Token Exchange braucht eine Ressource: was der Client selbst ist, wie Tokens ihn nennen.',
        mayActForMissing: 'Token Exchange braucht die Clients, für deren Benutzer er handeln darf.',
        noKeySet: 'Das sind keine Schlüssel. Sie sehen so aus: {"keys": [{"kty": "EC", …}]}.',
        privateKey: 'Das enthält einen privaten Schlüssel. Geben Sie nur den öffentlichen Teil an.'
      },
      saved: 'Der Client {{id}} ist gespeichert.',
      may: 'Was er darf',
      mayLead: 'Etwas wegzunehmen, beendet jedes Token, das der Client bekommen hat.',
      save: 'Client speichern',
      scopes: 'Scopes',
      scopesText: 'Was seine Tokens enthalten dürfen.',
      audiences: 'Audiences',
      audiencesText: 'URIs der APIs, für die seine Tokens gelten dürfen.',
      resources: 'Ressourcen',
      resourcesText: 'URIs dessen, was er selbst ist: Tokens dafür darf er prüfen lassen (Introspection).',
      mayActFor: 'Darf handeln für',
      mayActForText: 'Ids von Clients, für deren Benutzer er handeln darf.',
      carriesRoles: 'Trägt die Rollen der Benutzer',
      carriesRolesText:
        'Seine Tokens für einen Benutzer enthalten dessen Rollen, also kommt er durch, wo eine Rolle verlangt wird.',
      unbindsTokens: 'Darf Tokens von Schlüsseln lösen',
      unbindsTokensText:
        'Er tauscht ein Token, das an einen Schlüssel gebunden ist (DPoP), ohne Nachweis dieses Schlüssels.',
      jwks: 'Öffentliche Schlüssel (JWKS)',
      jwksText: 'Schlüssel in JSON. Nie der private Schlüssel.',
      jwksUri: 'Adresse der Schlüssel (jwks_uri)',
      jwksUriText: 'Statt der Schlüssel: eine https-URL.',
      grantTypes: 'Grant Types',
      lifetime: 'Lebensdauer der Access-Tokens in Sekunden',
      lifetimeText: 'Leer: die des Issuers.',
      authentication: 'Authentifizierung',
      kind: 'Was er ist',
      all: 'Alle Clients',
      toList: 'Zur Liste der Clients',
      builtIn: 'Dieser Client gehört dem Issuer selbst und kann nicht geändert werden.',
      one: 'Client',
      firstToken: 'Erstes Token',
      audit: 'Audit-Log dieses Clients',
      noToken: 'Noch keines gesehen. Diese Seite sucht danach.',
      secrets: 'Secrets',
      secretsLead:
        'Ein neues Secret gilt neben dem bisherigen. Geben Sie es dem Client, und verwerfen Sie dann das ältere.',
      noNewSecret: 'Es gibt kein neues Secret',
      newSecret: 'Neues Secret',
      theNewSecret: 'Das neue Secret',
      dropOlder: 'Älteres Secret verwerfen',
      dropOlderTitle: 'Älteres Secret verwerfen?',
      drop: 'Verwerfen',
      dropOlderText: 'Von jetzt an gilt nur das neueste Secret. Jedes Token, das der Client bekommen hat, endet.',
      olderDropped: 'Von jetzt an gilt nur das neueste Secret.',
      title: 'Clients',
      list: 'Clients',
      lead: 'Apps, bei denen sich Benutzer anmelden, und Dienste, die eigene Tokens bekommen.',
      new: 'Neuer Client',
      empty: 'Es gibt noch keinen Client. „Neuer Client“ registriert einen.',
      disable: 'Client deaktivieren',
      enable: 'Client aktivieren',
      enableText: 'Der Client kann sich wieder authentifizieren.',
      disableText:
        'Der Client kann sich nicht mehr authentifizieren, und jedes Token, das er bekommen hat, endet sofort.',
      rules: 'Tauschregeln',
      rulesText:
        'Eine Regel lässt den Client das Token eines Benutzers für eine API in ein Token für eine andere tauschen, soweit die Rollen des Benutzers die Scopes dort enthalten. Ohne Regel bekommt er nicht mehr, als das Token des Benutzers hat.',
      addRule: 'Regel hinzufügen',
      ruleAt: 'Regel {{number}}',
      ruleFrom: 'Von der API',
      ruleScope: 'Mit dem Scope (optional)',
      ruleTo: 'Zu der API',
      ruleScopes: 'Mit den Scopes',
      removeRule: 'Regel {{number}} entfernen',
      lostSecret:
        'Der Client {{id}} ist registriert, aber die Antwort mit seinem Secret ging verloren, und keine Seite kann es zeigen. Machen Sie ein neues, das an seine Stelle tritt.',
      later: 'Später',
      makeSecret: 'Neues Secret machen',
      registered: 'Der Client {{id}} ist registriert.',
      id: 'Client-Id',
      shownName: 'Name, wie Benutzer ihn sehen (optional)',
      method: 'Wie er sich authentifiziert',
      create: 'Client anlegen',
      idTaken: 'Es gibt schon einen Client mit dieser Id. Wählen Sie eine andere.',
      copySecret:
        'Kopieren Sie das Secret jetzt dorthin, wo der Client es liest. Es wird nirgends aufbewahrt und nicht noch einmal gezeigt.',
      secret: 'Client-Secret',
      secretCopied: 'Das Secret ist kopiert.',
      copyRefused: 'Der Browser lässt diese Seite nicht kopieren. Markieren Sie das Secret und kopieren Sie es selbst.',
      haveCopied: 'Ich habe es kopiert',
      secretPlace: 'hier das Secret einsetzen',
      setup: {
        web: 'Node liest die Datei mit --env-file=.env. Der Code ist für Express, mit openid-client. Diese Seite zeigt, wenn sich der erste Benutzer angemeldet hat.',
        spa: 'Vite liest die Datei. Der Code braucht oidc-client-ts. Diese Seite zeigt, wenn sich der erste Benutzer angemeldet hat.',
        native:
          'Der Code ist für AppAuth in React Native; AppAuth anderer Plattformen nimmt dieselben Werte. Diese Seite zeigt, wenn sich der erste Benutzer angemeldet hat.',
        service: 'Node liest die Datei mit --env-file=.env. Der Code holt ein Token, das diese Seite zeigt.',
        title: 'Einrichten',
        bff: 'Geben Sie dem bff-service diese Einstellungen, und liefern Sie die Seiten von derselben Origin aus.',
        code: 'Code'
      },
      redirectTexts: {
        web: 'Einer je Zeile, Buchstabe für Buchstabe verglichen, etwa https://app.example.com/callback.',
        spa: 'Einer je Zeile, Buchstabe für Buchstabe verglichen: die Seite, die den Code bekommt, etwa https://app.example.com/callback.',
        native:
          'Einer je Zeile: ein Schema wie com.example.app:/callback, ein https-Link der App oder http://127.0.0.1/callback, das mit jedem Port gilt.'
      },
      logo: 'Logo (optional)',
      logoText: 'Die https-URL eines Bildes.',
      policy: 'Datenschutzerklärung (optional)',
      terms: 'Nutzungsbedingungen (optional)',
      httpsText: 'Eine https-URL.',
      redirectUris: 'Redirect-URIs',
      logoutUris: 'Redirect-URIs nach der Abmeldung (optional)',
      logoutUrisText: 'Einer je Zeile: wohin Benutzer nach der Abmeldung zurückgeschickt werden dürfen.',
      backchannel: 'URI für Back-Channel-Logout (optional)',
      backchannelText: 'Der Issuer sendet ihm ein Token, wenn eine Sitzung der App geendet hat. Eine https-URL.',
      usersSee: 'Was Benutzer sehen',
      firstParty: 'Er gehört uns',
      firstPartyText: 'Benutzer werden nicht gefragt, ob sie ihn zulassen.',
      pkce: 'Verlangt PKCE',
      pkceText: 'Lassen Sie das an. Nur ältere Apps können es nicht, und sie brauchen ein Secret oder einen Schlüssel.',
      idTokenLifetime: 'Lebensdauer der ID-Tokens in Sekunden',
      idTokenLifetimeText: 'Leer: die der Access-Tokens.'
    }
  },
  refusals: {
    noLongerAdmin: 'Sie sind kein Administrator mehr.',
    userUnknown: 'Es gibt keinen Benutzer mit dieser Id.',
    userSessionUnknown: 'Der Benutzer hat keine laufende Sitzung mit dieser Id.',
    roleUnknown: 'Es gibt keine Rolle mit diesem Namen.',
    apiUnknown: 'Es gibt keine API mit dieser Id.',
    keyUnknown: 'Es gibt keinen Schlüssel mit dieser kid.',
    clientUnknown: 'Es gibt keinen Client mit dieser Id.',
    invitationUnknown: 'Es gibt keine Einladung mit dieser Id.',
    providerUnknown: 'Es gibt keinen Dienst mit dieser Id.',
    mailUnknown: 'Es gibt keine aufgegebene E-Mail mit dieser Id.'
  },
  codes: {
    own_account: 'Dieses Konto muss ein anderer Administrator löschen.',
    role_taken: 'Es gibt schon eine Rolle mit diesem Namen.',
    role_is_built_in: 'Diese Rolle gibt es von Anfang an, und sie bleibt.',
    role_in_use: 'Ein Benutzer hat diese Rolle. Nehmen Sie sie ihm zuerst.',
    api_is_issuer: 'Das ist der Issuer selbst, der keine Scopes zu vergeben hat.',
    api_taken: 'Es gibt schon eine API mit dieser Kennung.',
    rotation_too_early:
      'Der nächste Schlüssel ist noch nicht lange genug veröffentlicht: Manche Prüfer kennen ihn vielleicht noch nicht.',
    too_many_keys:
      'Es sind noch zu viele Schlüssel veröffentlicht. Rotieren Sie wieder, wenn einige davon entfernt sind.',
    next_key_unusable:
      'Der nächste Schlüssel lässt sich mit den Hauptschlüsseln dieser Replik nicht öffnen. Widerrufen Sie ihn, dann entsteht ein anderer.',
    client_id_taken: 'Es gibt schon einen Client mit dieser Id.',
    client_is_built_in: 'Dieser Client gehört dem Issuer selbst und kann nicht geändert werden.',
    other_secret: 'Das neueste Secret dieses Clients ist ein anderes.',
    already_invited:
      'Diese Adresse ist schon eingeladen. Senden Sie die Einladung noch einmal, oder ziehen Sie sie zurück.',
    provider_taken: 'Es gibt schon einen Dienst mit dieser Id.',
    last_way_in_of_user:
      'Der Benutzer hat weder Passwort noch Passkey noch einen anderen verknüpften Dienst. Deaktivieren Sie das Konto, um ihn fernzuhalten.',
    issuer_taken: 'Ein anderer eingerichteter Dienst hat diesen Issuer. Eine Identität dort würde zu beiden gehören.',
    provider_in_use:
      'Benutzer melden sich mit diesem Dienst an. Deaktivieren Sie ihn, oder löschen Sie ihn mit ihren Identitäten.',
    secret_erased: 'Link und Code dieser E-Mail wurden gelöscht. Der Benutzer muss eine neue anfordern.'
  }
}
