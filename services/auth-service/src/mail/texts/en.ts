/** The texts of mail in English. Another language is one more file with the same keys. */
export const en = {
  greeting: 'Hello {{username}},',
  greetingWithoutName: 'Hello,',
  code: 'Or enter this code where you asked for it:',
  email_verification: {
    subject: 'Confirm your e-mail address',
    intro: 'please confirm that this is the e-mail address of your account at {{product}}.',
    action: 'Confirm the address',
    outro: 'Link and code are good once, for 24 hours. If you have no account at {{product}}, ignore this mail.'
  },
  invitation: {
    subject: 'You are invited',
    intro: 'you are invited to make an account at {{product}}, with this e-mail address.',
    action: 'Make the account',
    outro: 'The link is good once, for 7 days. If you do not want an account, ignore this mail.'
  },
  password_reset: {
    subject: 'Reset your password',
    intro: 'somebody asked to reset the password of your account at {{product}}. If it was you, set a new one:',
    action: 'Set a new password',
    outro:
      'Link and code are good once, for 10 minutes. If it was not you, ignore this mail: your password stays as it is.'
  },
  password_changed: {
    subject: 'Your password was changed',
    intro:
      'the password of your account at {{product}} was changed, and all other sessions have ended. If it was not you, set a new password now:',
    action: 'Reset the password',
    outro: 'If it was you, there is nothing to do.'
  }
}

export type MailTexts = typeof en
