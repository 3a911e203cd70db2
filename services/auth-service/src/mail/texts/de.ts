import type { MailTexts } from './en.ts'

/** The texts of mail in German. */
export const de: MailTexts = {
  greeting: 'Hallo {{username}},',
  greetingWithoutName: 'Guten Tag,',
  code: 'Oder geben Sie diesen Code dort ein, wo Sie ihn angefordert haben:',
  email_verification: {
    subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
    intro: 'bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei {{product}} ist.',
    action: 'Adresse bestätigen',
    outro:
      'Link und Code gelten einmal, 24 Stunden lang. Wenn Sie kein Konto bei {{product}} haben, ignorieren Sie diese E-Mail.'
  },
  invitation: {
    subject: 'Sie sind eingeladen',
    intro: 'Sie sind eingeladen, bei {{product}} mit dieser E-Mail-Adresse ein Konto anzulegen.',
    action: 'Konto anlegen',
    outro: 'Der Link gilt einmal, 7 Tage lang. Wenn Sie kein Konto möchten, ignorieren Sie diese E-Mail.'
  },
  password_reset: {
    subject: 'Setzen Sie Ihr Passwort zurück',
    intro:
      'jemand möchte das Passwort Ihres Kontos bei {{product}} zurücksetzen. Wenn Sie das waren, setzen Sie ein neues:',
    action: 'Neues Passwort setzen',
    outro:
      'Link und Code gelten einmal, 10 Minuten lang. Wenn Sie das nicht waren, ignorieren Sie diese E-Mail: Ihr Passwort bleibt, wie es ist.'
  },
  password_changed: {
    subject: 'Ihr Passwort wurde geändert',
    intro:
      'das Passwort Ihres Kontos bei {{product}} wurde geändert, und alle anderen Sitzungen wurden beendet. Wenn Sie das nicht waren, setzen Sie jetzt ein neues Passwort:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie das waren, ist nichts zu tun.'
  }
}
