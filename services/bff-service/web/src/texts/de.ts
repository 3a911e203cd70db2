import type { PageTexts } from './en.ts'

/** The texts of the pages in German. */
export const de: PageTexts = {
  shell: {
    skip: 'Zum Inhalt springen',
    navigation: 'Seiten',
    openMenu: 'Menü öffnen',
    closeMenu: 'Menü schließen',
    signedInAs: 'Angemeldet als {{name}}',
    signOut: 'Abmelden',
    stillSignedIn: 'Sie sind noch angemeldet',
    useDark: 'Dunkle Farben verwenden',
    useLight: 'Helle Farben verwenden',
    language: 'Sprache'
  },
  navigation: {
    account: 'Konto',
    dashboard: 'Übersicht',
    users: 'Benutzer',
    apis: 'APIs',
    roles: 'Rollen',
    keys: 'Schlüssel',
    clients: 'Clients',
    mail: 'E-Mail',
    audit: 'Audit-Log'
  },
  common: {
    loading: 'Wird geladen',
    close: 'Schließen',
    dismiss: 'Ausblenden',
    cancel: 'Abbrechen',
    tryAgain: 'Erneut versuchen',
    none: 'keine',
    reason: 'Grund (optional)',
    reasonUse: 'Für das Audit-Log.',
    copy: 'Kopieren',
    copyOf: '{{what}} kopieren',
    copied: 'Kopiert: {{what}}.',
    copyRefused: 'Der Browser lässt diese Seite nicht kopieren. Markieren Sie den Text und kopieren Sie ihn selbst.',
    previous: 'Zurück',
    next: 'Weiter',
    pagesOf: 'Seiten: {{what}}',
    justNow: 'gerade eben',
    toAccount: 'Zu Ihrem Konto'
  },
  errors: {
    page: 'Auf dieser Seite ist etwas schiefgegangen. Laden Sie sie neu und versuchen Sie es noch einmal.',
    noResponse: 'Es kommt keine Antwort. Prüfen Sie Ihre Verbindung und versuchen Sie es noch einmal.',
    unavailable: 'Der Dienst ist gerade nicht erreichbar. Versuchen Sie es in Kürze noch einmal.',
    tooMany: 'Zu viele Versuche. Versuchen Sie es {{when}} noch einmal.',
    rejected: 'Der Dienst nimmt das nicht an. Prüfen Sie Ihre Eingaben oder die Adresse dieser Seite.',
    notFound: 'Das gibt es nicht oder nicht mehr.',
    denied: 'Das ist hier nicht erlaubt.',
    tooLarge: 'Das ist mehr, als der Dienst annimmt. Kürzen Sie es und versuchen Sie es noch einmal.',
    status:
      'Der Dienst hat das abgelehnt (Status {{status}}). Laden Sie die Seite neu und versuchen Sie es noch einmal.',
    item: '„{{item}}“ kann nicht verwendet werden. {{rule}}'
  },
  when: {
    fewMinutes: 'in ein paar Minuten',
    seconds_one: 'in einer Sekunde',
    seconds_other: 'in {{count}} Sekunden',
    minutes_one: 'in einer Minute',
    minutes_other: 'in {{count}} Minuten'
  },
  codes: {
    address_taken: 'Ein anderes Konto hat diese Adresse bestätigt. Das kann nur eines.',
    already_verified: 'Die E-Mail-Adresse ist schon bestätigt.',
    cookies_blocked:
      'Die Anmeldung braucht Cookies, und dieser Browser blockiert sie hier. Erlauben Sie Cookies für diese Website und versuchen Sie es noch einmal.',
    last_admin:
      'Danach gäbe es keinen aktiven Administrator mehr. Machen Sie zuerst einen anderen Benutzer zum Administrator.',
    no_address: 'In diesem Konto gibt es keine E-Mail-Adresse.',
    not_mailable: 'An diese Adresse wird keine E-Mail gesendet.',
    password_changed: 'Das Passwort wurde inzwischen geändert.',
    session_changed: 'In diesem Browser ist jetzt jemand anderes angemeldet.',
    passkey_known: 'Dieser Passkey ist schon in Gebrauch.',
    too_many_passkeys: 'Sie haben so viele Passkeys, wie ein Konto haben kann. Entfernen Sie erst einen.',
    unknown_passkey:
      'Dieser Passkey wurde entfernt oder gehört zu einer anderen Website. Nehmen Sie einen anderen oder Ihr Passwort.',
    last_second_factor:
      'Dieses Konto muss einen zweiten Faktor haben: Fügen Sie einen anderen hinzu, bevor Sie diesen entfernen.',
    no_second_factor: 'Wiederherstellungscodes stehen für einen zweiten Faktor: Richten Sie zuerst einen ein.',
    totp_exists: 'Dieses Konto hat schon eine Authenticator-App. Entfernen Sie diese, um eine andere einzurichten.',
    account_exists:
      'Es gibt schon ein Konto mit dieser E-Mail-Adresse. Melden Sie sich dort an wie sonst, und verknüpfen Sie den anderen Dienst in Ihrem Konto.',
    identity_taken: 'Diese Identität ist mit einem anderen Konto verknüpft.',
    invalid_credentials: 'Mit diesem Konto kann man sich nicht anmelden.',
    invalid_provider_response:
      'Der andere Dienst hat eine Antwort geschickt, der man nicht trauen kann. Versuchen Sie es noch einmal.',
    invalid_transaction:
      'Diese Anmeldung ist nicht mehr offen: Sie hat zu lange gedauert, wurde schon benutzt oder in einem anderen Browser begonnen. Beginnen Sie noch einmal.',
    last_way_in:
      'Das ist die letzte Möglichkeit, sich bei Ihrem Konto anzumelden. Setzen Sie zuerst ein Passwort, fügen Sie einen anderen Passkey hinzu, oder verknüpfen Sie einen anderen Dienst.',
    other_identity: 'Dort sind Sie jemand anders als mit Ihrem Konto verknüpft ist. Wählen Sie die andere Identität.',
    sign_in_not_recent:
      'Der andere Dienst hat Sie nicht neu anmelden lassen, oder er sagt nicht, wann. Bestätigen Sie auf andere Weise, dass Sie es sind.',
    provider_declined: 'Die Anmeldung wurde abgebrochen oder vom anderen Dienst abgelehnt.',
    request_taken:
      'Mit dieser Anmeldung hat ein anderes Konto weitergemacht. Gehen Sie zurück zur App und beginnen Sie noch einmal.',
    registration_closed: 'Mit dieser Identität ist hier kein Konto verknüpft, und die Registrierung ist geschlossen.',
    too_many_identities: 'Mit Ihrem Konto können keine weiteren Identitäten verknüpft werden.',
    username_taken:
      'Dieser Benutzername ist vergeben. Wählen Sie einen anderen, oder melden Sie sich an, wenn das Konto Ihnen gehört.'
  },
  refusals: {
    registrationClosed: 'Die Registrierung ist hier geschlossen.',
    noService: 'Mit diesem Dienst kann man sich hier nicht anmelden.',
    signInEnded: 'Diese Anmeldung ist beendet. Melden Sie sich noch einmal an.',
    sessionEnded: 'Diese Sitzung ist inzwischen beendet. Melden Sie sich wieder an.',
    othersGoOn: 'Diese Sitzung ist inzwischen beendet; die anderen laufen weiter.',
    noSession: 'Diese Sitzung ist schon beendet.',
    notWithPasskey: 'Diese Anmeldung kann nicht mit einem Passkey weitergehen.',
    noPasskey: 'Sie haben keinen Passkey.',
    requestOver: 'Diese Anfrage ist nicht bekannt, wurde benutzt oder ist abgelaufen.',
    noApp: 'Dieses Konto hat keine Authenticator-App.',
    noDevice: 'Dieses vertraute Gerät gibt es nicht mehr.',
    appNotBegun:
      'Es wird keine Authenticator-App eingerichtet, oder es hat zu lange gedauert. Beginnen Sie noch einmal.',
    noMailSignIn: 'Hier kann man sich nicht per E-Mail anmelden: Der Betreiber muss das einschalten.',
    noMail: 'Diese Installation sendet keine E-Mails: Der Betreiber muss einen Mailserver einrichten.',
    noIdentity: 'Diese Verknüpfung gibt es nicht mehr.',
    noPasskeys: 'In dieser Installation gibt es keine Passkeys: Der Betreiber muss PAGES_URL mit einer Domain setzen.',
    noUser: 'Diesen Benutzer gibt es nicht mehr, oder er ist deaktiviert.',
    noGrant: 'Sie haben keine App mit dieser Id zugelassen.',
    noRights: 'Dieses Konto hat keines der Rechte, die diese API verlangt.',
    noMailRequest: 'Dieser Browser hat keine Anmeldung per E-Mail verlangt, oder vor zu langer Zeit.'
  },
  broken: {
    title: 'Diese Seite funktioniert nicht',
    text: 'Sie konnte nicht geladen werden, oder etwas darin ist fehlgeschlagen. Neu laden hilft meistens.',
    reload: 'Neu laden'
  },
  notFound: {
    title: 'Seite nicht gefunden',
    text: 'Unter dieser Adresse gibt es nichts. Prüfen Sie sie auf einen Tippfehler.'
  },
  session: {
    notAvailable: 'Nicht verfügbar',
    otherUser: 'In diesem Browser ist jetzt {{name}} angemeldet. Die Seite des anderen Benutzers wurde geschlossen.',
    adminsOnly: 'Nur für Administratoren',
    needsAdmin: 'Ihr Konto hat die Rolle „admin“ nicht. Wenden Sie sich an einen Administrator, wenn Sie sie brauchen.',
    endedTitle: 'Ihre Sitzung ist beendet',
    endedText:
      'Melden Sie sich wieder an, um als {{name}} weiterzumachen. Ihre Eingaben sind noch da; meldet sich jemand anderes an, werden sie verworfen.',
    leave: 'Diese Seite verlassen'
  },
  fields: {
    username: 'Benutzername',
    usernameRule: '1 bis 64 Buchstaben, Ziffern oder die Zeichen . _ - @ +',
    usernameWish: 'Verwenden Sie 1 bis 64 Buchstaben, Ziffern oder die Zeichen . _ - @ +.',
    usernameMissing: 'Geben Sie Ihren Benutzernamen ein.',
    usernameToChoose: 'Wählen Sie einen Benutzernamen.',
    password: 'Passwort',
    passwordMissing: 'Geben Sie Ihr Passwort ein.',
    newPassword: 'Neues Passwort',
    passwordRule: '8 bis 256 Zeichen. Lang ist besser als kompliziert.',
    passwordGuessed: 'Dieses Passwort ist eines der häufigsten, die zuerst probiert werden. Wählen Sie ein anderes.',
    passwordShort: 'Verwenden Sie mindestens 8 Zeichen.',
    passwordLong: 'Verwenden Sie höchstens 256 Zeichen.',
    passwordIsName: 'Wählen Sie ein Passwort, das nicht der Benutzername ist.',
    showPassword: '{{field}} anzeigen',
    hidePassword: '{{field}} verbergen',
    code: 'Code',
    codePlace: '8 Ziffern, in der E-Mail',
    codeWish: 'Geben Sie die 8 Ziffern des Codes aus der E-Mail ein.'
  },
  proof: {
    badCode:
      'Dieser Code gilt nicht: Er ist falsch, wurde schon benutzt, ist abgelaufen oder wurde durch einen späteren ersetzt. Fordern Sie eine neue E-Mail an.',
    badLink:
      'Dieser Link gilt nicht: Er ist falsch, wurde schon benutzt, ist abgelaufen oder wurde durch einen späteren ersetzt. Fordern Sie eine neue E-Mail an.',
    incomplete: 'Diese Seite öffnet der Link in einer E-Mail. Öffnen Sie den Link noch einmal, und zwar vollständig.',
    another: 'Neue E-Mail anfordern'
  },
  signIn: {
    title: 'Anmelden',
    submit: 'Anmelden',
    ended: 'Ihre Sitzung ist beendet. Melden Sie sich wieder an.',
    registered: 'Ihr Konto ist angelegt. Melden Sie sich an, um es zu benutzen.',
    passwordReset: 'Ihr neues Passwort ist gesetzt. Melden Sie sich damit an.',
    orAddress: 'Oder Ihre bestätigte E-Mail-Adresse.',
    forgot: 'Passwort vergessen?',
    isNew: 'Neu hier?',
    create: 'Konto anlegen',
    wrong: 'Der Benutzername oder das Passwort ist falsch. Prüfen Sie beides und versuchen Sie es noch einmal.'
  },
  mailSignIn: {
    choose: 'Code per E-Mail senden',
    send: 'E-Mail senden',
    otherWay: 'Anders anmelden',
    sent_one:
      'Wenn es ein solches Konto gibt und seine E-Mail-Adresse bestätigt ist, ist eine E-Mail unterwegs. Geben Sie den Code hier ein, oder öffnen Sie den Link in diesem Browser. Beide gelten {{count}} Minute.',
    sent_other:
      'Wenn es ein solches Konto gibt und seine E-Mail-Adresse bestätigt ist, ist eine E-Mail unterwegs. Geben Sie den Code hier ein, oder öffnen Sie den Link in diesem Browser. Beide gelten {{count}} Minuten.',
    lead: 'Sie wollen sich per E-Mail anmelden.',
    done: 'Sie sind als {{name}} angemeldet. Sie können dieses Fenster schließen und dort weitermachen, wo Sie um die E-Mail gebeten haben.',
    ended: 'Das hat zu lange gedauert. Fordern Sie eine weitere E-Mail an.',
    otherBrowser:
      'Dieser Link gilt nur in dem Browser, der um ihn gebeten hat. Öffnen Sie ihn dort, oder geben Sie dort den Code aus der E-Mail ein. Wenn Sie nicht darum gebeten haben, schließen Sie diese Seite.',
    badLink:
      'Dieser Link gilt hier nicht: Er ist falsch, wurde benutzt, ist abgelaufen, wurde durch einen späteren ersetzt, oder ein anderer Browser hat um ihn gebeten. In jenem Browser können Sie den Code aus der E-Mail eingeben.'
  },
  providers: {
    or: 'oder',
    continueWith: 'Weiter mit {{name}}',
    unavailable:
      'Der andere Dienst antwortet nicht. Versuchen Sie es gleich noch einmal, oder melden Sie sich anders an.',
    failed:
      'Die Anmeldung mit dem anderen Dienst hat nicht geklappt. Versuchen Sie es noch einmal, oder melden Sie sich anders an.'
  },
  identities: {
    title: 'Anmelden mit anderen Diensten',
    lead: 'Andere Dienste, mit denen Sie sich bei diesem Konto anmelden können.',
    service: 'Dienst',
    address: 'Adresse dort',
    lastUsed: 'Zuletzt benutzt',
    actions: 'Aktionen',
    empty: 'Keiner ist verknüpft.',
    link: '{{name}} verknüpfen',
    linked: 'Die Identität ist verknüpft. Von jetzt an können Sie sich damit anmelden.',
    unlink: 'Lösen',
    unlinkOf: '{{name}} lösen',
    unlinkTitle: 'Die Verknüpfung mit {{name}} lösen?',
    unlinkText:
      'Sie gehört dann nicht mehr zu diesem Konto. Wenn dem Dienst für die Domain Ihrer Adresse vertraut wird, verknüpft die nächste Anmeldung dort sie wieder.',
    unlinked: 'Die Verknüpfung mit {{name}} ist gelöst.'
  },
  factor: {
    text: 'Ihr Konto hat einen zweiten Faktor. Zeigen Sie ihn, um fortzufahren.',
    recoveryCode: 'Wiederherstellungscode',
    recoveryPlace: 'Einer von denen, die Sie aufbewahrt haben. Jeder gilt einmal.',
    recoveryMissing: 'Geben Sie einen Wiederherstellungscode ein.',
    trust: 'Auf diesem Gerät 30 Tage lang nicht mehr fragen',
    trustText: 'Nur auf einem Gerät, das sonst niemand benutzt.',
    submit: 'Weiter',
    useRecovery: 'Stattdessen einen Wiederherstellungscode benutzen',
    useApp: 'Stattdessen die Authenticator-App benutzen',
    restart: 'Von vorn beginnen',
    wrong: 'Der Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten, und geben Sie diesen ein.',
    wrongRecovery: 'Dieser Wiederherstellungscode ist falsch oder wurde schon benutzt.',
    ended: 'Diese Anmeldung hat zu lange gedauert oder ist beendet. Beginnen Sie von vorn.'
  },
  enrolment: {
    text: 'Dieses Konto muss einen zweiten Faktor haben. Richten Sie eine Authenticator-App ein, um fortzufahren.',
    mailText: 'Zeigen Sie zuerst, dass Sie die Post Ihrer bestätigten Adresse lesen.',
    mail: 'Code senden',
    begin: 'App einrichten',
    confirm: 'App hinzufügen und anmelden'
  },
  totp: {
    code: 'Code der App',
    codePlace: 'Die 6 Ziffern, die Ihre Authenticator-App zeigt.',
    codeWish: 'Geben Sie die 6 Ziffern ein.',
    wrong: 'Das ist nicht der Code, den die App jetzt zeigt. Prüfen Sie die Uhrzeit Ihres Telefons.',
    scan: 'Scannen Sie dieses Bild mit einer Authenticator-App, oder tippen Sie den Schlüssel ein. Geben Sie dann den Code ein, den die App zeigt.',
    picture: 'QR-Code für die Authenticator-App',
    key: 'Schlüssel'
  },
  recoveryCodes: {
    title: 'Wiederherstellungscodes',
    text: 'Bewahren Sie diese Codes sicher auf. Jeder ersetzt einmal Ihren zweiten Faktor, wenn Sie ihn verlieren. Sie werden nur jetzt gezeigt.',
    download: 'Herunterladen',
    print: 'Drucken',
    saved: 'Ich habe sie aufbewahrt'
  },
  secondFactors: {
    title: 'Zweite Faktoren',
    lead: 'Neben dem Passwort etwas, das nur Sie haben.',
    none: 'Ihr Konto hat keine Authenticator-App.',
    add: 'Authenticator-App einrichten',
    addTitle: 'Authenticator-App',
    confirm: 'App hinzufügen',
    added: 'Die Authenticator-App ist hinzugefügt.',
    app: 'Authenticator-App',
    since: 'hinzugefügt',
    lastUsed: 'zuletzt benutzt',
    remove: 'Entfernen',
    removeTitle: 'Authenticator-App entfernen?',
    removeText: 'Sie melden sich dann ohne ihre Codes an. Vertraute Geräte werden vergessen.',
    removed: 'Die Authenticator-App ist entfernt.',
    codesLeft_one: '{{count}} Wiederherstellungscode ist übrig.',
    codesLeft_other: '{{count}} Wiederherstellungscodes sind übrig.',
    renew: 'Neue Wiederherstellungscodes',
    renewTitle: 'Neue Wiederherstellungscodes',
    renewText: 'Die älteren gelten dann nicht mehr.',
    renewSubmit: 'Erzeugen',
    trusted: 'Vertraute Geräte',
    forget: 'Vergessen',
    forgetOf: '{{device}} bei {{address}} vergessen',
    forgotten: 'Auf diesem Gerät wird wieder nach dem zweiten Faktor gefragt.'
  },
  register: {
    title: 'Konto anlegen',
    closed: 'Die Registrierung ist geschlossen',
    closedText: 'Hier kann man sich nicht selbst ein Konto anlegen. Bitten Sie einen Administrator darum.',
    hasOne: 'Sie haben schon eines?',
    email: 'E-Mail (optional)',
    emailWish: 'Geben Sie eine Adresse wie a@b.example ein, oder lassen Sie das Feld leer.',
    submit: 'Konto anlegen'
  },
  reset: {
    title: 'Passwort zurücksetzen',
    noMail: 'Diese Installation sendet keine E-Mails. Bitten Sie einen Administrator um ein neues Passwort.',
    look: 'Sehen Sie in Ihre E-Mails',
    sent_one:
      'Wenn es ein solches Konto gibt und seine E-Mail-Adresse bestätigt ist, ist eine E-Mail unterwegs. Öffnen Sie den Link darin, oder geben Sie den Code hier ein. Beide gelten {{count}} Minute.',
    sent_other:
      'Wenn es ein solches Konto gibt und seine E-Mail-Adresse bestätigt ist, ist eine E-Mail unterwegs. Öffnen Sie den Link darin, oder geben Sie den Code hier ein. Beide gelten {{count}} Minuten.',
    name: 'E-Mail-Adresse oder Benutzername',
    nameUse: 'Eine E-Mail geht an die bestätigte Adresse des Kontos.',
    nameMissing: 'Geben Sie Ihre E-Mail-Adresse oder Ihren Benutzernamen ein.',
    send: 'E-Mail senden',
    back: 'Zurück zur Anmeldung',
    newTitle: 'Neues Passwort setzen',
    newLead: 'Alle Sitzungen Ihres Kontos werden beendet. Danach melden Sie sich mit dem neuen Passwort an.',
    submit: 'Neues Passwort setzen'
  },
  invitation: {
    title: 'Einladung annehmen',
    lead: 'Sie legen ein Konto für {{email}} an. Danach melden Sie sich damit an.',
    beside: 'Sie sind hier als {{other}} angemeldet. Die Einladung legt ein anderes Konto an.',
    doneBeside: 'Das Konto {{name}} ist angelegt. Melden Sie sich als {{other}} ab, um es zu benutzen.',
    badLink:
      'Dieser Link gilt nicht: Er ist falsch, wurde schon benutzt, ist abgelaufen, ersetzt oder zurückgezogen. Bitten Sie um eine neue Einladung.'
  },
  stepUp: {
    title: 'Bestätigen Sie, dass Sie es sind',
    text: 'Sie haben sich vor einer Weile als {{name}} angemeldet. Geben Sie Ihr Passwort ein, um fortzufahren.',
    submit: 'Bestätigen',
    wrong: 'Das Passwort ist falsch. Prüfen Sie es und versuchen Sie es noch einmal.',
    cancelled:
      'Es wurde nichts geändert. Versuchen Sie es noch einmal, und geben Sie Ihr Passwort ein, wenn danach gefragt wird.'
  },
  passkeys: {
    title: 'Passkeys',
    lead: 'Melden Sie sich mit Fingerabdruck, Gesicht oder der PIN eines Geräts an, ohne Passwort. Ein Passkey ist so gut wie Passwort und Code zusammen.',
    unsupported: 'Dieser Browser kann keine Passkeys.',
    none: 'Sie haben noch keinen Passkey.',
    add: 'Passkey hinzufügen',
    addText: 'Ihr Gerät fragt Sie, ob Sie es sind.',
    name: 'Name',
    nameText: 'Etwa das Gerät oder der Passwortmanager, der ihn aufbewahrt.',
    nameMissing: 'Geben Sie einen Namen ein.',
    added: 'Der Passkey wurde hinzugefügt.',
    made: 'Hinzugefügt',
    lastUsed: 'zuletzt benutzt',
    neverUsed: 'nie benutzt',
    synced: 'Synchronisiert',
    rename: 'Umbenennen',
    renameOf: '{{name}} umbenennen',
    renamed: 'Der Passkey wurde umbenannt.',
    remove: 'Entfernen',
    removeOf: '{{name}} entfernen',
    removeTitle: 'Passkey {{name}} entfernen?',
    removeText:
      'Mit ihm kann man sich nicht mehr anmelden. Löschen Sie ihn auch auf dem Gerät oder im Passwortmanager, wenn er dort noch angeboten wird.',
    removed: 'Der Passkey wurde entfernt.',
    use: 'Passkey benutzen',
    cancelled: 'Es wurde kein Passkey benutzt. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Weg.',
    notAdded: 'Es wurde kein Passkey angelegt. Versuchen Sie es noch einmal, wenn Sie einen möchten.',
    addedBefore: 'Dieses Gerät oder dieser Passwortmanager hat schon einen Passkey für dieses Konto.',
    refused: 'Dieser Passkey ließ sich nicht prüfen. Versuchen Sie es noch einmal.'
  },
  changeEmail: {
    title: 'E-Mail-Adresse ändern',
    lead: 'An die neue Adresse geht eine E-Mail. Sie gilt, sobald Sie sie bestätigt haben; die bisherige Adresse kann das drei Tage lang rückgängig machen.',
    address: 'Neue E-Mail-Adresse',
    wish: 'Geben Sie eine Adresse wie a@b.example ein.',
    own: 'Das ist bereits Ihre Adresse.',
    submit: 'Adresse ändern',
    other: 'Andere Adresse',
    done: 'Ihre E-Mail-Adresse ist geändert.',
    confirmTitle: 'Neue E-Mail-Adresse bestätigen'
  },
  undoEmail: {
    title: 'E-Mail-Adresse wiederherstellen',
    lead: 'Ihr Konto bekommt die Adresse zurück, an die die E-Mail ging. Setzen Sie ein neues Passwort, denn jemand kennt das jetzige. Alle Sitzungen Ihres Kontos enden.'
  },
  changeDisplayName: {
    title: 'Anzeigenamen ändern',
    button: 'Anzeigenamen ändern',
    rule: 'Bis zu 64 Zeichen, so wie man Sie nennt. Apps, bei denen Sie sich anmelden, können ihn zeigen; ohne ihn zeigen sie den Benutzernamen.',
    wish: 'Verwenden Sie höchstens 64 Zeichen, keine Steuerzeichen.',
    done: 'Ihr Anzeigename ist geändert.'
  },
  changeUsername: {
    title: 'Benutzernamen ändern',
    button: 'Benutzernamen ändern',
    name: 'Neuer Benutzername',
    taken: 'Dieser Benutzername ist vergeben. Wählen Sie einen anderen.',
    done: 'Ihr Benutzername ist jetzt {{name}}. Der bisherige ist stellenweise noch einige Minuten zu sehen.'
  },
  deletion: {
    title: 'Konto löschen',
    lead: 'Sie werden sofort überall abgemeldet. Bis das Konto gelöscht ist, behält es eine Anmeldung.',
    question: 'Das Konto {{name}} löschen?',
    text: 'Alle Ihre Sitzungen enden, auch diese, und alles, was hier über Sie gespeichert ist, wird nach einigen Tagen gelöscht. Bis dahin können Sie sich anmelden, und das Konto bleibt.',
    signedOut: 'Sie sind überall abgemeldet.',
    over: 'Ihr Konto ist gelöscht.',
    until: 'Ihr Konto wird am {{moment}} gelöscht. Um es zu behalten, melden Sie sich vorher an.',
    toSignIn: 'Zur Anmeldung'
  },
  verify: {
    title: 'E-Mail-Adresse bestätigen',
    done: 'Ihre E-Mail-Adresse ist bestätigt.',
    doneInAccount: 'Ihre E-Mail-Adresse ist bestätigt. Damit können Sie ein vergessenes Passwort zurücksetzen.',
    signIn: 'Melden Sie sich bei dem Konto an, um das es in der E-Mail geht.',
    signedInAs: 'Sie sind als {{name}} angemeldet.',
    submit: 'Adresse bestätigen',
    lead: 'Solange {{email}} nicht bestätigt ist, können Sie damit kein vergessenes Passwort zurücksetzen.',
    sent_one:
      'Eine E-Mail an {{email}} ist unterwegs. Öffnen Sie den Link darin, oder geben Sie den Code hier ein. Beide gelten {{count}} Stunde.',
    sent_other:
      'Eine E-Mail an {{email}} ist unterwegs. Öffnen Sie den Link darin, oder geben Sie den Code hier ein. Beide gelten {{count}} Stunden.',
    send: 'E-Mail senden',
    sendAnother: 'Noch eine E-Mail senden'
  },
  account: {
    title: 'Ihr Konto',
    profile: 'Profil',
    displayName: 'Anzeigename',
    email: 'E-Mail',
    confirmed: '{{email}} (bestätigt)',
    roles: 'Rollen',
    since: 'Mitglied seit',
    language: 'Sprache',
    languageLead: 'Dieser Seiten und der E-Mails, die Sie bekommen.',
    languageOfBrowser: 'Wie der Browser es wünscht',
    languageNotSet: 'Ihre Sprache ist nicht gesetzt'
  },
  password: {
    title: 'Passwort ändern',
    lead: 'Alle Ihre anderen Sitzungen werden beendet, wenn sich das Passwort ändert.',
    current: 'Aktuelles Passwort',
    currentMissing: 'Geben Sie das Passwort ein, das Sie jetzt haben.',
    currentWrong: 'Das ist nicht Ihr aktuelles Passwort.',
    done: 'Ihr Passwort ist geändert. Alle anderen Sitzungen sind beendet.',
    submit: 'Passwort ändern'
  },
  sessions: {
    title: 'Sitzungen',
    lead: 'Wo Sie angemeldet sind. Beenden Sie, was Sie nicht kennen, und ändern Sie dann Ihr Passwort.',
    list: 'Sitzungen',
    empty: 'Es gibt keine Sitzung.',
    current: 'Dieser Browser',
    lastUsed: 'zuletzt benutzt',
    signedIn: 'angemeldet',
    end: 'Sitzung beenden',
    endOf: 'Sitzung beenden: {{device}}, {{address}}',
    ended: 'Die Sitzung ist beendet: {{device}}.',
    notEnded: 'Die Sitzung ist nicht beendet',
    endOthers: 'Alle anderen Sitzungen beenden',
    endOthersTitle: 'Alle anderen Sitzungen beenden?',
    endOthersText:
      'Jeder andere Browser und jedes andere Gerät muss sich neu anmelden. Dieser Browser bleibt angemeldet.',
    endOthersSubmit: 'Sitzungen beenden',
    othersEnded: 'Alle anderen Sitzungen sind beendet.',
    device: '{{browser}} auf {{system}}',
    unknownDevice: 'Unbekanntes Gerät'
  },
  authorize: {
    signIn: 'Melden Sie sich an, um zu {{name}} zu gelangen',
    cancel: 'Abbrechen und zurück zu {{name}}',
    leaving: 'Sie werden angemeldet …',
    staying:
      'Sie können dieses Fenster schließen, wenn sich {{name}} geöffnet hat. Sonst gehen Sie dorthin zurück und melden Sie sich noch einmal an.',
    useOther: 'Anderes Konto verwenden',
    again:
      '{{name}} will sicher sein, dass Sie es sind. Wenn immer wieder gefragt wird, ist ein zweiter Faktor nötig: Fügen Sie in Ihrem Konto einen hinzu und melden Sie sich noch einmal an.',
    otherTitle: 'Das hat ein anderes Konto begonnen',
    otherText:
      'Sie sind als {{name}} angemeldet, und diese Anmeldung wurde mit einem anderen Konto begonnen. Melden Sie sich mit diesem an, oder gehen Sie zurück zu {{client}} und beginnen Sie noch einmal.',
    overTitle: 'Diese Anmeldung ist vorbei',
    overText:
      'Sie hat zu lange gedauert, ist schon abgeschlossen, oder die Adresse ist nicht vollständig. Gehen Sie zurück zur App und melden Sie sich dort noch einmal an.'
  },
  signOut: {
    title: 'Abmelden?',
    asks: '{{name}} bittet Sie, sich abzumelden.',
    text: 'Sie sind als {{name}} angemeldet. Die meisten Apps, bei denen Sie sich mit diesem Browser angemeldet haben, melden Sie dann auch ab.',
    host: 'Danach gelangen Sie zu',
    stay: 'Angemeldet bleiben',
    doneTitle: 'Sie sind abgemeldet',
    doneText: 'Mit diesem Browser ist niemand mehr angemeldet.',
    refused:
      'Die App wollte Sie an eine Adresse schicken, die nicht für sie eingetragen ist. Deshalb bleiben Sie hier. Das können nur die Betreiber der App beheben.',
    again: 'Wieder anmelden'
  },
  signOutError: {
    request:
      'Die App hat eine unvollständige oder ungültige Anfrage geschickt. Das können nur die Betreiber der App beheben.',
    client: 'Die App ist hier nicht bekannt. Das können nur die Betreiber der App beheben.',
    over: 'Das hat zu lange gedauert, ist schon abgeschlossen oder wurde in einem anderen Browser begonnen.',
    unavailable: 'Der Dienst ist gerade nicht erreichbar. Warten Sie etwas und versuchen Sie es noch einmal.',
    other: 'Die App konnte Sie nicht abmelden.'
  },
  consent: {
    title: '{{name}} zulassen?',
    host: 'Danach gelangen Sie zu',
    asks: '{{name}} bittet um Ihre Erlaubnis:',
    notYou: 'Nicht Sie?',
    policy: 'Datenschutzerklärung von {{name}}',
    terms: 'Nutzungsbedingungen von {{name}}',
    allow: 'Erlauben',
    deny: 'Ablehnen',
    later: 'Sie können das jederzeit zurücknehmen, in Ihrem Konto unter „Apps mit Zugriff“.'
  },
  chooseAccount: {
    title: 'Konto wählen',
    continue: 'Weiter als {{name}}'
  },
  scopes: {
    openid: 'Erfahren, dass Sie es sind, der sich anmeldet',
    profile: 'Ihren Namen und Ihren Benutzernamen sehen',
    email: 'Ihre E-Mail-Adresse sehen',
    offlineAccess: 'Diesen Zugriff behalten, während Sie weg sind, bis Sie ihn zurücknehmen',
    wholeApi: '{{name}} für Sie verwenden'
  },
  authorizeError: {
    title: 'Die Anmeldung hat nicht geklappt',
    request:
      'Die App hat eine unvollständige oder ungültige Anfrage geschickt. Das können nur die Betreiber der App beheben.',
    client:
      'Die App ist hier nicht bekannt oder darf niemanden anmelden. Das können nur die Betreiber der App beheben.',
    redirect:
      'Die App will Sie an eine Adresse schicken, die nicht für sie eingetragen ist. Deshalb bleiben Sie hier. Das können nur die Betreiber der App beheben.',
    browser:
      'Diese Anmeldung wurde in einem anderen Browser begonnen. Gehen Sie in diesem Browser zurück zur App und melden Sie sich dort noch einmal an.',
    over: 'Diese Anmeldung hat zu lange gedauert oder ist schon abgeschlossen. Gehen Sie zurück zur App und melden Sie sich dort noch einmal an.',
    unavailable:
      'Der Dienst ist gerade nicht erreichbar. Warten Sie etwas, gehen Sie zurück zur App und melden Sie sich dort noch einmal an.',
    other:
      'Gehen Sie zurück zur App und melden Sie sich dort noch einmal an. Geschieht das wieder, sagen Sie es den Betreibern der App.',
    details: 'Für die Betreiber der App:'
  },
  apps: {
    title: 'Apps mit Zugriff',
    lead: 'Apps, bei denen Sie sich mit diesem Konto anmelden, und was jede davon darf.',
    list: 'Apps',
    empty: 'Keine App hat Zugriff.',
    since: 'seit',
    lastUsed: 'zuletzt benutzt',
    end: 'Zugriff beenden',
    endOf: 'Zugriff beenden: {{name}}',
    endTitle: 'Zugriff von {{name}} beenden?',
    endIdle: 'Die App muss Sie wieder fragen.',
    endText_one: 'Die App wird an {{count}} Stelle abgemeldet und muss Sie wieder fragen.',
    endText_other: 'Die App wird an {{count}} Stellen abgemeldet und muss Sie wieder fragen.',
    ended: 'Der Zugriff von {{name}} ist beendet.'
  },
  api: {
    title: 'Zugriff auf die API',
    lead: 'Was die geschützte Beispiel-API aus dem Access-Token dieser Sitzung über Sie weiß. Das Token selbst erreicht diese Seite nie.',
    again: 'Noch einmal fragen',
    knownAs: 'Bekannt als',
    scope: 'Scope',
    session: 'Sitzung'
  },
  data: {
    title: 'Ihre Daten',
    lead: 'Eine Datei (JSON) mit dem, was über Sie gespeichert ist: Ihr Profil, Ihre Sitzungen und was das Audit-Log über Sie enthält.',
    download: 'Ihre Daten herunterladen'
  }
}
