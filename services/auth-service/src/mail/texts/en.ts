/** The texts of mail in English. Another language is one more file with the same keys. */
export const en = {
  greeting: 'Hello {{username}},',
  greetingWithoutName: 'Hello,',
  code: 'Or enter this code where you asked for it:',
  account_deleted: {
    subject: 'Your account was deleted',
    intro: 'your account at {{product}} was deleted, with all its sessions.',
    outro: 'It cannot be brought back.'
  },
  account_kept: {
    subject: 'Your account stays',
    intro:
      'somebody signed in to your account at {{product}}, so it is no longer going to be deleted. If it was not you, set a new password now:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  deletion_requested: {
    subject: 'Your account is going to be deleted',
    intro:
      'you asked to delete your account at {{product}}. This happens on {{until}} (UTC), and all sessions have ended. If you want to keep the account, sign in before that:',
    action: 'Sign in and keep the account',
    outro: 'If you did not ask for this, sign in and change your password: somebody knows it.'
  },
  email_change: {
    subject: 'Confirm your new e-mail address',
    intro: 'please confirm that this is to be the e-mail address of your account at {{product}}.',
    action: 'Confirm the new address',
    outro: 'Link and code are valid once, for 24 hours. If you have no account at {{product}}, ignore this mail.'
  },
  email_changed: {
    subject: 'Your e-mail address was changed',
    intro:
      'your account at {{product}} has another e-mail address now. If it was not you, restore this address and set a new password, since somebody else may know the current one. All sessions end then.',
    action: 'Restore this address',
    outro: 'The link is valid once, for 72 hours. If it was you, there is nothing to do.'
  },
  email_changed_again: {
    subject: 'Your e-mail address was changed',
    intro: 'your account at {{product}} has another e-mail address now. If it was you, there is nothing to do.',
    outro:
      'If it was not you, use the link in the mail about the change before this one, or ask the operator of {{product}}.'
  },
  email_verification: {
    subject: 'Confirm your e-mail address',
    intro: 'please confirm that this is the e-mail address of your account at {{product}}.',
    action: 'Confirm the address',
    outro: 'Link and code are valid once, for 24 hours. If you have no account at {{product}}, ignore this mail.'
  },
  identity_linked: {
    subject: 'A sign-in was added to your account',
    intro:
      'from now on an identity at another service signs in to your account at {{product}}. If it was not you who linked it, unlink it in your account, and set a new password:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  identity_unlinked: {
    subject: 'A sign-in was removed from your account',
    intro:
      'an identity at another service no longer signs in to your account at {{product}}. If it was not you who unlinked it, set a new password now:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  identity_unlinked_by_admin: {
    subject: 'A sign-in was removed from your account',
    intro:
      'an operator of {{product}} has unlinked an identity at another service from your account, and all sessions have ended.',
    outro: 'If you did not ask for this, ask the operator why.'
  },
  factor_enrolment: {
    subject: 'Your code',
    intro:
      'somebody who knows the password of your account at {{product}} is signing in and sets up a second factor. If it is you, enter this code:',
    outro: 'The code is valid once, for 10 minutes. If it is not you, change your password.'
  },
  recovery_code_used: {
    subject: 'A recovery code was used',
    intro:
      'one of the recovery codes of your account at {{product}} was used to sign in. If it was not you, set a new password now, which ends all sessions:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  recovery_codes_renewed: {
    subject: 'You have new recovery codes',
    intro:
      'your account at {{product}} has new recovery codes; the older ones are no longer valid. If it was not you, set a new password now, which ends all sessions:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  second_factor_added: {
    subject: 'You have a second factor',
    intro:
      'your account at {{product}} has an authenticator app as a second factor now. If it was not you, set a new password now, and ask the operator to reset your second factors:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  second_factor_removed: {
    subject: 'A second factor was removed',
    intro:
      'the authenticator app of your account at {{product}} is no longer a second factor. If it was not you, set a new password now, which ends all sessions:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  second_factors_reset: {
    subject: 'Your second factors were removed',
    intro: 'an operator of {{product}} has removed all second factors of your account, and all sessions have ended.',
    outro: 'If you did not ask for this, ask the operator why. You can set up a second factor again in your account.'
  },
  invitation: {
    subject: 'You are invited',
    intro: 'you are invited to make an account at {{product}}, with this e-mail address.',
    action: 'Make the account',
    outro: 'The link is valid once, for 7 days. If you do not want an account, ignore this mail.'
  },
  mail_sign_in: {
    subject: 'Sign in',
    intro:
      'somebody asked to sign in to your account at {{product}} by mail. If it was you, open this link in the browser where you asked:',
    action: 'Sign in',
    outro:
      'Link and code are valid once, for 10 minutes. Give the code to nobody. If it was not you, ignore this mail: nobody is signed in without it.'
  },
  passkey_added: {
    subject: 'A passkey was added',
    intro:
      'a passkey was added to your account at {{product}}. It signs in without a password. If it was not you, remove it, and change your password:',
    action: 'Open the account',
    outro: 'If it was you, there is nothing to do.'
  },
  passkey_removed: {
    subject: 'A passkey was removed',
    intro:
      'a passkey was removed from your account at {{product}}. If it was not you, change your password, and end the other sessions:',
    action: 'Open the account',
    outro: 'If it was you, there is nothing to do.'
  },
  password_reset: {
    subject: 'Reset your password',
    intro: 'somebody asked to reset the password of your account at {{product}}. If it was you, set a new one:',
    action: 'Set a new password',
    outro:
      'Link and code are valid once, for 10 minutes. If it was not you, ignore this mail: your password stays as it is.'
  },
  password_changed: {
    subject: 'Your password was changed',
    intro:
      'the password of your account at {{product}} was changed, and all other sessions have ended. If it was not you, set a new password now:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  },
  username_changed: {
    subject: 'Your username was changed',
    intro:
      'this is the username of your account at {{product}} from now on: {{username}}. If it was not you who changed it, set a new password now:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  }
}

export type MailTexts = typeof en
