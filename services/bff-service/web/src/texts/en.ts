/** The texts of the pages in English. Another language is one more file with the same keys, and a line in `languages.ts`. */
export const en = {
  shell: {
    skip: 'Skip to the content',
    navigation: 'Pages',
    openMenu: 'Open the menu',
    closeMenu: 'Close the menu',
    signedInAs: 'Signed in as {{name}}',
    signOut: 'Sign out',
    stillSignedIn: 'You are still signed in',
    useDark: 'Use dark colors',
    useLight: 'Use light colors',
    language: 'Language'
  },
  navigation: {
    account: 'Account',
    dashboard: 'Dashboard',
    users: 'Users',
    apis: 'APIs',
    roles: 'Roles',
    keys: 'Keys',
    clients: 'Clients',
    mail: 'Mail',
    audit: 'Audit log'
  },
  common: {
    loading: 'Loading',
    close: 'Close',
    dismiss: 'Dismiss',
    cancel: 'Cancel',
    tryAgain: 'Try again',
    none: 'none',
    reason: 'Reason (optional)',
    reasonUse: 'For the audit log.',
    copy: 'Copy',
    copyOf: 'Copy {{what}}',
    copied: 'Copied: {{what}}.',
    copyRefused: 'The browser does not let this page copy. Select the text and copy it by hand.',
    previous: 'Previous',
    next: 'Next',
    pagesOf: 'Pages of {{what}}',
    justNow: 'just now',
    toAccount: 'To your account'
  },
  errors: {
    page: 'Something went wrong in this page. Reload it and try again.',
    noResponse: 'The server did not respond. Check your connection and try again.',
    unavailable: 'The service is temporarily unavailable. Try again later.',
    tooMany: 'Too many attempts. Try again {{when}}.',
    rejected: 'The service rejected this. Check what you entered, or the address of this page.',
    notFound: 'This does not exist, or no longer exists.',
    denied: 'This is not allowed here.',
    tooLarge: 'This is too large. Shorten it and try again.',
    status: 'The service rejected this (status {{status}}). Reload the page and try again.',
    item: '“{{item}}” cannot be used. {{rule}}'
  },
  when: {
    fewMinutes: 'in a few minutes',
    seconds_one: 'in a second',
    seconds_other: 'in {{count}} seconds',
    minutes_one: 'in a minute',
    minutes_other: 'in {{count}} minutes'
  },
  /** What the services say by a code; others are shown as they come. */
  codes: {
    address_taken: 'Another account has confirmed this address. Only one account can.',
    already_verified: 'The e-mail address is confirmed already.',
    cookies_blocked:
      'Signing in needs cookies, and this browser blocks them here. Allow cookies for this site and try again.',
    last_admin: 'This would leave no enabled admin. Make another user an admin first.',
    no_address: 'There is no e-mail address in this account.',
    not_mailable: 'No mail is sent to this address.',
    password_changed: 'The password was changed meanwhile.',
    session_changed: 'This browser is signed in as another user now.',
    passkey_known: 'This passkey is in use already.',
    too_many_passkeys: 'You have as many passkeys as an account can have. Remove one first.',
    unknown_passkey: 'This passkey was removed, or belongs to another site. Use another one, or your password.',
    last_second_factor: 'This account has to have a second factor: add another one before you remove this one.',
    no_second_factor: 'Recovery codes replace a second factor: set one up first.',
    totp_exists: 'This account has an authenticator app already. Remove it to set up another one.',
    account_exists:
      'There is an account with this e-mail address. Sign in to it as usual, and link the other service in your account.',
    identity_taken: 'This identity is linked to another account.',
    invalid_credentials: 'This account cannot sign in.',
    invalid_provider_response: 'The other service sent a response that cannot be trusted. Try again.',
    invalid_transaction:
      'This sign-in is no longer open: it took too long, was used already, or was started in another browser. Start again.',
    last_way_in:
      'This is the last way to sign in to your account. Set a password, add another passkey, or link another service, first.',
    other_identity: 'This is not the identity that is linked to your account. Choose that one.',
    sign_in_not_recent:
      'The other service did not ask you to sign in there, or does not say when you did. Confirm that it is you in another way.',
    provider_declined: 'The sign-in was cancelled, or refused by the other service.',
    request_taken: 'Another account has already continued this sign-in. Go back to the app and start again.',
    registration_closed: 'No account here is linked to this identity, and registration is closed.',
    too_many_identities: 'No more identities can be linked to your account.',
    username_taken: 'This username is taken. Choose another one, or sign in if the account is yours.'
  },
  /** What the services refuse without a code of its own: in English exactly as they say it. */
  refusals: {
    registrationClosed: 'Registration is closed here.',
    noService: 'There is no sign-in with this service here.',
    signInEnded: 'This sign-in has ended. Sign in again.',
    sessionEnded: 'This session has ended meanwhile. Sign in again.',
    othersGoOn: 'This session has ended; the others continue.',
    noSession: 'You have no live session with this id.',
    notWithPasskey: 'This sign-in cannot continue with a passkey.',
    noPasskey: 'You have no passkey.',
    requestOver: 'This request is not known, was used, or has expired.',
    noApp: 'This account has no authenticator app.',
    noDevice: 'There is no such trusted device.',
    appNotBegun: 'No authenticator app is being set up, or it took too long. Start again.',
    noMailSignIn: 'Users cannot sign in by mail here: the operator has to turn it on.',
    noMail: 'This installation sends no mail: its operator has to configure a mail server.',
    noIdentity: 'There is no identity with this id.',
    noPasskeys: 'This installation has no passkeys: its operator has to configure PAGES_URL with a domain.',
    noUser: 'This user no longer exists or is disabled.',
    noGrant: 'You have not given access to an app with this id.',
    noRights: 'This account has none of the rights that this API asks for.',
    noMailRequest: 'This browser has not asked for a sign-in by mail recently.'
  },
  broken: {
    title: 'This page does not work',
    text: 'It could not be loaded, or something in it failed. Reloading helps in most cases.',
    reload: 'Reload'
  },
  notFound: {
    title: 'Page not found',
    text: 'There is nothing at this address. Check it for typing errors.'
  },
  session: {
    notAvailable: 'Not available',
    otherUser: 'This browser is signed in as {{name}} now. The page of the other user was closed.',
    adminsOnly: 'Administrators only',
    needsAdmin: 'Your account does not have the role “admin”. Ask an administrator if you need it.',
    endedTitle: 'Your session has ended',
    endedText:
      'Sign in again to continue as {{name}}. What you typed is still there; if another user signs in, it is dropped.',
    leave: 'Leave this page'
  },
  fields: {
    username: 'Username',
    usernameRule: '1 to 64 letters, digits or the signs . _ - @ +',
    usernameWish: 'Use 1 to 64 letters, digits or the signs . _ - @ +.',
    usernameMissing: 'Enter your username.',
    usernameToChoose: 'Choose a username.',
    password: 'Password',
    passwordMissing: 'Enter your password.',
    newPassword: 'New password',
    passwordRule: '8 to 256 characters. Long is better than complicated.',
    passwordGuessed: 'This password is one of the most used ones, which are tried first. Choose another.',
    passwordShort: 'Use at least 8 characters.',
    passwordLong: 'Use at most 256 characters.',
    passwordIsName: 'Choose a password that is not the username.',
    showPassword: 'Show {{field}}',
    hidePassword: 'Hide {{field}}',
    code: 'Code',
    codePlace: '8 digits, in the mail',
    codeWish: 'Enter the 8 digits of the code in the mail.'
  },
  proof: {
    badCode:
      'This code is not valid: it is wrong, was used, has expired, or was replaced by a later one. Ask for another mail.',
    badLink:
      'This link is not valid: it is wrong, was used, has expired, or was replaced by a later one. Ask for another mail.',
    incomplete: 'This page is opened by the link in a mail. Open that link again, with all that is in it.',
    another: 'Ask for another mail'
  },
  signIn: {
    title: 'Sign in',
    submit: 'Sign in',
    ended: 'Your session has ended. Sign in again.',
    registered: 'Your account is created. Sign in to use it.',
    passwordReset: 'Your new password is set. Sign in with it.',
    orAddress: 'Or your confirmed e-mail address.',
    forgot: 'Forgot your password?',
    isNew: 'New here?',
    create: 'Create an account',
    wrong: 'The username or the password is wrong. Check both and try again.'
  },
  mailSignIn: {
    choose: 'E-mail me a code',
    send: 'Send the mail',
    otherWay: 'Sign in another way',
    sent_one:
      'If there is such an account, and its e-mail address is confirmed, a mail is on its way. Enter its code here, or open its link in this browser. Both are valid for {{count}} minute.',
    sent_other:
      'If there is such an account, and its e-mail address is confirmed, a mail is on its way. Enter its code here, or open its link in this browser. Both are valid for {{count}} minutes.',
    lead: 'You asked to sign in by mail.',
    done: 'You are signed in as {{name}}. You can close this window, and continue in the one where you requested the mail.',
    ended: 'This took too long. Ask for another mail.',
    otherBrowser:
      'This link works only in the browser that requested it. Open it there, or enter the code of the mail there. If you did not ask for it, close this page.',
    badLink:
      'This link is not valid here: it is wrong, was used, has expired, was replaced by a later one, or another browser requested it. In that browser, you can enter the code of the mail.'
  },
  providers: {
    or: 'or',
    continueWith: 'Continue with {{name}}',
    unavailable: 'The other service does not respond. Try again in a moment, or sign in another way.',
    failed: 'The sign-in with the other service did not work. Try again, or sign in another way.'
  },
  identities: {
    title: 'Sign-in with others',
    lead: 'Other services with which you can sign in to this account.',
    service: 'Service',
    address: 'Address there',
    lastUsed: 'Last used',
    actions: 'Actions',
    empty: 'None is linked.',
    link: 'Link {{name}}',
    linked: 'The identity is linked. From now on you can sign in with it.',
    unlink: 'Unlink',
    unlinkOf: 'Unlink {{name}}',
    unlinkTitle: 'Unlink {{name}}?',
    unlinkText:
      'It no longer belongs to this account. If the service is trusted for the domain of your address, the next sign-in there links it again.',
    unlinked: '{{name}} is unlinked.'
  },
  factor: {
    text: 'Your account has a second factor. Use it to continue.',
    recoveryCode: 'Recovery code',
    recoveryPlace: 'One of the codes that you saved. Each works once.',
    recoveryMissing: 'Enter a recovery code.',
    trust: 'Do not ask again on this device for 30 days',
    trustText: 'Only on a device that nobody else uses.',
    submit: 'Continue',
    useRecovery: 'Use a recovery code instead',
    useApp: 'Use the authenticator app instead',
    restart: 'Start again',
    wrong: 'The code is wrong, or was used before. Wait for the next one, and enter that.',
    wrongRecovery: 'This recovery code is wrong, or was used before.',
    ended: 'This sign-in took too long, or has ended. Start again.'
  },
  enrolment: {
    text: 'This account has to have a second factor. Set up an authenticator app to continue.',
    mailText: 'First, show that you read the mail of your confirmed address.',
    mail: 'Send me a code',
    begin: 'Set up the app',
    confirm: 'Add the app and sign in'
  },
  totp: {
    code: 'Code of the app',
    codePlace: 'The 6 digits that your authenticator app shows.',
    codeWish: 'Enter the 6 digits.',
    wrong: 'This is not the code that the app shows now. Check the time of your phone.',
    scan: 'Scan this picture with an authenticator app, or type the key. Then enter the code that the app shows.',
    picture: 'QR code for the authenticator app',
    key: 'Key'
  },
  recoveryCodes: {
    title: 'Recovery codes',
    text: 'Keep these codes in a safe place. Each replaces your second factor once, if you lose it. They are shown only now.',
    download: 'Download',
    print: 'Print',
    saved: 'I have saved them'
  },
  secondFactors: {
    title: 'Second factors',
    lead: 'Besides the password, something that only you have.',
    none: 'Your account has no authenticator app.',
    add: 'Set up an authenticator app',
    addTitle: 'Authenticator app',
    confirm: 'Add the app',
    added: 'The authenticator app is added.',
    app: 'Authenticator app',
    since: 'added',
    lastUsed: 'last used',
    remove: 'Remove',
    removeTitle: 'Remove the authenticator app?',
    removeText: 'You will sign in without its codes. Trusted devices are forgotten.',
    removed: 'The authenticator app is removed.',
    codesLeft_one: '{{count}} recovery code is left.',
    codesLeft_other: '{{count}} recovery codes are left.',
    renew: 'Create new recovery codes',
    renewTitle: 'New recovery codes',
    renewText: 'The older codes will no longer be valid.',
    renewSubmit: 'Create them',
    trusted: 'Trusted devices',
    forget: 'Forget',
    forgetOf: 'Forget {{device}} at {{address}}',
    forgotten: 'This device is asked for the second factor again.'
  },
  register: {
    title: 'Create an account',
    closed: 'Registration is closed',
    closedText: 'People cannot create accounts here themselves. Ask an administrator for one.',
    hasOne: 'Do you have one already?',
    email: 'E-mail (optional)',
    emailWish: 'Enter an address like a@b.example, or leave this empty.',
    submit: 'Create account'
  },
  reset: {
    title: 'Reset your password',
    noMail: 'This installation sends no mail. Ask an administrator for a new password.',
    look: 'Check your mail',
    sent_one:
      'If there is such an account, and its e-mail address is confirmed, a mail is on its way. Open the link in it, or enter its code here. Both are valid for {{count}} minute.',
    sent_other:
      'If there is such an account, and its e-mail address is confirmed, a mail is on its way. Open the link in it, or enter its code here. Both are valid for {{count}} minutes.',
    name: 'E-mail address or username',
    nameUse: 'A mail goes to the confirmed address of the account.',
    nameMissing: 'Enter your e-mail address or your username.',
    send: 'Send the mail',
    back: 'Back to the sign-in',
    newTitle: 'Set a new password',
    newLead: 'All sessions of your account end. You sign in with the new password afterwards.',
    submit: 'Set the new password'
  },
  invitation: {
    title: 'Accept the invitation',
    lead: 'You create an account for {{email}}. Then you sign in with it.',
    beside: 'You are signed in as {{other}} here. The invitation creates another account.',
    doneBeside: 'The account {{name}} is created. Sign out as {{other}} to use it.',
    badLink:
      'This link is not valid: it is wrong, was used, has expired, or was replaced or withdrawn. Ask for another invitation.'
  },
  stepUp: {
    title: 'Confirm that it is you',
    text: 'You signed in as {{name}} a while ago. Enter your password to continue.',
    submit: 'Confirm',
    wrong: 'The password is wrong. Check it and try again.',
    cancelled: 'Nothing was changed. Try again, and enter your password when you are asked for it.'
  },
  passkeys: {
    title: 'Passkeys',
    lead: 'Sign in with your fingerprint, your face or the PIN of a device, without a password. One passkey replaces both password and code.',
    unsupported: 'This browser has no passkeys.',
    none: 'You have no passkey yet.',
    add: 'Add a passkey',
    addText: 'Your device asks you to confirm that it is you.',
    name: 'Name',
    nameText: 'Such as the device or the password manager that keeps it.',
    nameMissing: 'Enter a name.',
    added: 'The passkey was added.',
    made: 'Added',
    lastUsed: 'last used',
    neverUsed: 'never used',
    synced: 'Synced',
    rename: 'Rename',
    renameOf: 'Rename {{name}}',
    renamed: 'The passkey was renamed.',
    remove: 'Remove',
    removeOf: 'Remove {{name}}',
    removeTitle: 'Remove the passkey {{name}}?',
    removeText:
      'You can no longer sign in with it. Delete it on the device or in the password manager, too, if it is still offered there.',
    removed: 'The passkey was removed.',
    use: 'Use a passkey',
    cancelled: 'No passkey was used. Try again, or choose another way.',
    notAdded: 'No passkey was made. Try again, if you want one.',
    addedBefore: 'This device or password manager has a passkey for this account already.',
    refused: 'This passkey could not be verified. Try again.'
  },
  changeEmail: {
    title: 'Change e-mail address',
    lead: 'A mail goes to the new address, which takes effect once you have confirmed it. The previous address can undo the change for three days.',
    address: 'New e-mail address',
    wish: 'Enter an address like a@b.example.',
    own: 'This is your address already.',
    submit: 'Change the address',
    other: 'Another address',
    done: 'Your e-mail address is changed.',
    confirmTitle: 'Confirm your new e-mail address'
  },
  undoEmail: {
    title: 'Restore your e-mail address',
    lead: 'Your account gets back the address that the mail went to. Set a new password, since somebody else may know the current one. All sessions of your account end.'
  },
  changeDisplayName: {
    title: 'Change your display name',
    button: 'Change display name',
    rule: 'What people call you, up to 64 characters. Apps that you sign in to may show it; without one they show the username.',
    wish: 'Use at most 64 characters, without control characters.',
    done: 'Your display name is changed.'
  },
  changeUsername: {
    title: 'Change your username',
    button: 'Change username',
    name: 'New username',
    taken: 'This username is taken. Choose another one.',
    done: 'Your username is {{name}} now. The former one is still shown in places for some minutes.'
  },
  deletion: {
    title: 'Delete account',
    lead: 'You are signed out everywhere at once. Until the account is gone, a sign-in keeps it.',
    question: 'Delete the account {{name}}?',
    text: 'All your sessions end, also this one, and all that is kept about you here is deleted after some days. Until then you can sign in, and the account stays.',
    signedOut: 'You are signed out everywhere.',
    over: 'Your account is deleted.',
    until: 'Your account will be deleted on {{moment}}. To keep it, sign in before that.',
    toSignIn: 'To the sign-in'
  },
  verify: {
    title: 'Confirm your e-mail address',
    done: 'Your e-mail address is confirmed.',
    doneInAccount: 'Your e-mail address is confirmed. You can reset a forgotten password with it.',
    signIn: 'Sign in to the account that the mail is about.',
    signedInAs: 'You are signed in as {{name}}.',
    submit: 'Confirm the address',
    lead: 'Until {{email}} is confirmed, you cannot reset a forgotten password with it.',
    sent_one:
      'A mail is on its way to {{email}}. Open the link in it, or enter its code here. Both are valid for {{count}} hour.',
    sent_other:
      'A mail is on its way to {{email}}. Open the link in it, or enter its code here. Both are valid for {{count}} hours.',
    send: 'Send a mail',
    sendAnother: 'Send another mail'
  },
  account: {
    title: 'Your account',
    profile: 'Profile',
    displayName: 'Display name',
    email: 'E-mail',
    confirmed: '{{email}} (confirmed)',
    roles: 'Roles',
    since: 'Member since',
    language: 'Language',
    languageLead: 'For these pages, and for the mail that you get.',
    languageOfBrowser: 'The language of the browser',
    languageNotSet: 'Your language is not set'
  },
  password: {
    title: 'Change password',
    lead: 'All your other sessions end when the password changes.',
    current: 'Current password',
    currentMissing: 'Enter the password that you have now.',
    currentWrong: 'This is not your current password.',
    done: 'Your password is changed. All other sessions have ended.',
    submit: 'Change password'
  },
  sessions: {
    title: 'Sessions',
    lead: 'Where you are signed in. If you do not recognize a session, end it and change your password.',
    list: 'sessions',
    empty: 'There is no session.',
    current: 'This browser',
    lastUsed: 'last used',
    signedIn: 'signed in',
    end: 'End session',
    endOf: 'End session: {{device}}, {{address}}',
    ended: 'The session has ended: {{device}}.',
    notEnded: 'The session has not ended',
    endOthers: 'End all other sessions',
    endOthersTitle: 'End all other sessions?',
    endOthersText: 'Every other browser and device has to sign in again. This browser stays signed in.',
    endOthersSubmit: 'End sessions',
    othersEnded: 'All other sessions have ended.',
    device: '{{browser}} on {{system}}',
    unknownDevice: 'Unknown device'
  },
  authorize: {
    signIn: 'Sign in to continue to {{name}}',
    cancel: 'Cancel and go back to {{name}}',
    leaving: 'Signing you in…',
    staying: 'You can close this window if {{name}} has opened. Otherwise go back to it and sign in again.',
    useOther: 'Use another account',
    again:
      '{{name}} wants to be sure that it is you. If it keeps asking, it wants a second factor: add one in your account, and sign in again.',
    otherTitle: 'Another account started this',
    otherText:
      'You are signed in as {{name}}, and this sign-in was started with another account. Sign in with that one, or go back to {{client}} and start again.',
    overTitle: 'This sign-in is over',
    overText:
      'It took too long, was completed already, or the address is not complete. Go back to the app, and sign in there once more.'
  },
  signOut: {
    title: 'Sign out?',
    asks: '{{name}} asks you to sign out.',
    text: 'You are signed in as {{name}}. Most apps that you have signed in to with this browser then sign you out, too.',
    host: 'Then you continue to',
    stay: 'Stay signed in',
    doneTitle: 'You are signed out',
    doneText: 'Nobody is signed in with this browser any more.',
    refused:
      'The app wanted you to be sent to an address that is not registered for it, so you stay here. Only those who run the app can fix that.',
    again: 'Sign in again'
  },
  signOutError: {
    request: 'The app has sent a request that is not complete or not valid. Only those who run the app can fix that.',
    client: 'The app is not known here. Only those who run the app can fix that.',
    over: 'This took too long, was completed already, or was started in another browser.',
    unavailable: 'The service is temporarily unavailable. Wait a little, and try again.',
    other: 'The app could not sign you out.'
  },
  consent: {
    title: 'Allow {{name}} access?',
    host: 'You continue to',
    asks: '{{name}} asks for your permission to:',
    notYou: 'Not you?',
    policy: 'Privacy policy of {{name}}',
    terms: 'Terms of {{name}}',
    allow: 'Allow',
    deny: 'Deny',
    later: 'You can revoke this at any time, in your account under “Apps with access”.'
  },
  chooseAccount: {
    title: 'Choose an account',
    continue: 'Continue as {{name}}'
  },
  scopes: {
    openid: 'Know that it is you who signs in',
    profile: 'See your name and your username',
    email: 'See your e-mail address',
    offlineAccess: 'Keep this access while you are away, until you revoke it',
    wholeApi: 'Use {{name}} for you'
  },
  authorizeError: {
    title: 'The sign-in did not work',
    request: 'The app has sent a request that is not complete or not valid. Only those who run the app can fix that.',
    client: 'The app is not known here, or may not sign in users. Only those who run the app can fix that.',
    redirect:
      'The app wants you to be sent to an address that is not registered for it, so you stay here. Only those who run the app can fix that.',
    browser:
      'This sign-in was started in another browser. Go back to the app in this browser, and sign in there once more.',
    over: 'This sign-in took too long, or was completed already. Go back to the app, and sign in there once more.',
    unavailable:
      'The service is temporarily unavailable. Wait a little, go back to the app, and sign in there once more.',
    other: 'Go back to the app, and sign in there once more. If it happens again, tell those who run the app.',
    details: 'For those who run the app:'
  },
  apps: {
    title: 'Apps with access',
    lead: 'Apps that you sign in to with this account, and what each of them may do.',
    list: 'apps',
    empty: 'No app has access.',
    since: 'since',
    lastUsed: 'last used',
    end: 'End access',
    endOf: 'End access of {{name}}',
    endTitle: 'End the access of {{name}}?',
    endIdle: 'It has to ask you again.',
    endText_one: 'It is signed out in {{count}} place, and has to ask you again.',
    endText_other: 'It is signed out in {{count}} places, and has to ask you again.',
    ended: 'The access of {{name}} has ended.'
  },
  api: {
    title: 'Access to the API',
    lead: 'What the protected example API knows of you from the access token of this session. The token itself never reaches this page.',
    again: 'Ask again',
    knownAs: 'Known as',
    scope: 'Scope',
    session: 'Session'
  },
  data: {
    title: 'Your data',
    lead: 'A file (JSON) with what is kept about you: your profile, your sessions, and what the audit log has about you.',
    download: 'Download your data'
  }
}

export type PageTexts = typeof en
