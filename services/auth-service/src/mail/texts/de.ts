import type { MailTexts } from './en.ts'

/** The texts of mail in German. */
export const de: MailTexts = {
  greeting: 'Hallo {{username}},',
  greetingWithoutName: 'Guten Tag,',
  code: 'Oder geben Sie diesen Code dort ein, wo Sie ihn angefordert haben:',
  account_deleted: {
    subject: 'Ihr Konto wurde gelöscht',
    intro: 'Ihr Konto bei {{product}} wurde gelöscht, mit allen Sitzungen.',
    outro: 'Es lässt sich nicht wiederherstellen.'
  },
  account_kept: {
    subject: 'Ihr Konto bleibt bestehen',
    intro:
      'jemand hat sich bei Ihrem Konto bei {{product}} angemeldet, deshalb wird es nicht mehr gelöscht. Wenn Sie das nicht waren, setzen Sie jetzt ein neues Passwort:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie das waren, ist nichts zu tun.'
  },
  deletion_requested: {
    subject: 'Ihr Konto wird gelöscht',
    intro:
      'Sie haben darum gebeten, Ihr Konto bei {{product}} zu löschen. Das geschieht am {{until}} Uhr (UTC), und alle Sitzungen wurden beendet. Wenn Sie das Konto behalten möchten, melden Sie sich vorher an:',
    action: 'Anmelden und das Konto behalten',
    outro: 'Wenn Sie nicht darum gebeten haben, melden Sie sich an und ändern Sie Ihr Passwort: jemand kennt es.'
  },
  email_change: {
    subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
    intro: 'bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei {{product}} werden soll.',
    action: 'Neue Adresse bestätigen',
    outro:
      'Link und Code gelten einmal, 24 Stunden lang. Wenn Sie kein Konto bei {{product}} haben, ignorieren Sie diese E-Mail.'
  },
  email_changed: {
    subject: 'Ihre E-Mail-Adresse wurde geändert',
    intro:
      'Ihr Konto bei {{product}} hat jetzt eine andere E-Mail-Adresse. Wenn Sie das nicht waren, stellen Sie diese Adresse wieder her und setzen Sie ein neues Passwort, denn jemand kennt das jetzige. Alle Sitzungen enden dann.',
    action: 'Diese Adresse wiederherstellen',
    outro: 'Der Link gilt einmal, 72 Stunden lang. Wenn Sie das waren, ist nichts zu tun.'
  },
  email_changed_again: {
    subject: 'Ihre E-Mail-Adresse wurde geändert',
    intro: 'Ihr Konto bei {{product}} hat jetzt eine andere E-Mail-Adresse. Wenn Sie das waren, ist nichts zu tun.',
    outro:
      'Wenn Sie das nicht waren, benutzen Sie den Link in der E-Mail über die vorige Änderung, oder fragen Sie den Betreiber von {{product}}.'
  },
  email_verification: {
    subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
    intro: 'bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos bei {{product}} ist.',
    action: 'Adresse bestätigen',
    outro:
      'Link und Code gelten einmal, 24 Stunden lang. Wenn Sie kein Konto bei {{product}} haben, ignorieren Sie diese E-Mail.'
  },
  identity_linked: {
    subject: 'Ihr Konto hat eine weitere Anmeldung',
    intro:
      'von jetzt an kann man sich mit einer Identität bei einem anderen Dienst bei Ihrem Konto bei {{product}} anmelden. Wenn Sie sie nicht verknüpft haben, lösen Sie die Verknüpfung in Ihrem Konto, und setzen Sie ein neues Passwort:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie das waren, ist nichts zu tun.'
  },
  identity_unlinked: {
    subject: 'Ihr Konto hat eine Anmeldung weniger',
    intro:
      'mit einer Identität bei einem anderen Dienst kann man sich nicht mehr bei Ihrem Konto bei {{product}} anmelden. Wenn Sie die Verknüpfung nicht gelöst haben, setzen Sie jetzt ein neues Passwort:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie das waren, ist nichts zu tun.'
  },
  identity_unlinked_by_admin: {
    subject: 'Eine Anmeldung wurde von Ihrem Konto entfernt',
    intro:
      'ein Betreiber von {{product}} hat die Verknüpfung Ihres Kontos mit einem anderen Dienst gelöst, und alle Sitzungen sind beendet.',
    outro: 'Wenn Sie nicht darum gebeten haben, fragen Sie den Betreiber nach dem Grund.'
  },
  factor_enrolment: {
    subject: 'Ihr Code',
    intro:
      'jemand, der das Passwort Ihres Kontos bei {{product}} kennt, meldet sich an und richtet einen zweiten Faktor ein. Wenn Sie es sind, geben Sie diesen Code ein:',
    outro: 'Der Code gilt einmal, 10 Minuten lang. Wenn Sie es nicht sind, ändern Sie Ihr Passwort.'
  },
  recovery_code_used: {
    subject: 'Ein Wiederherstellungscode wurde benutzt',
    intro:
      'mit einem der Wiederherstellungscodes Ihres Kontos bei {{product}} hat sich jemand angemeldet. Wenn Sie es nicht waren, setzen Sie jetzt ein neues Passwort; damit enden alle Sitzungen:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie es waren, ist nichts zu tun.'
  },
  recovery_codes_renewed: {
    subject: 'Sie haben neue Wiederherstellungscodes',
    intro:
      'Ihr Konto bei {{product}} hat neue Wiederherstellungscodes; die älteren gelten nicht mehr. Wenn Sie es nicht waren, setzen Sie jetzt ein neues Passwort; damit enden alle Sitzungen:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie es waren, ist nichts zu tun.'
  },
  second_factor_added: {
    subject: 'Sie haben einen zweiten Faktor',
    intro:
      'Ihr Konto bei {{product}} hat jetzt eine Authenticator-App als zweiten Faktor. Wenn Sie es nicht waren, setzen Sie jetzt ein neues Passwort, und bitten Sie den Betreiber, Ihre zweiten Faktoren zurückzusetzen:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie es waren, ist nichts zu tun.'
  },
  second_factor_removed: {
    subject: 'Ein zweiter Faktor wurde entfernt',
    intro:
      'die Authenticator-App Ihres Kontos bei {{product}} ist kein zweiter Faktor mehr. Wenn Sie es nicht waren, setzen Sie jetzt ein neues Passwort; damit enden alle Sitzungen:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie es waren, ist nichts zu tun.'
  },
  second_factors_reset: {
    subject: 'Ihre zweiten Faktoren wurden entfernt',
    intro:
      'ein Betreiber von {{product}} hat alle zweiten Faktoren Ihres Kontos entfernt, und alle Sitzungen sind beendet.',
    outro:
      'Wenn Sie nicht darum gebeten haben, fragen Sie den Betreiber nach dem Grund. In Ihrem Konto können Sie wieder einen zweiten Faktor einrichten.'
  },
  invitation: {
    subject: 'Sie sind eingeladen',
    intro: 'Sie sind eingeladen, bei {{product}} mit dieser E-Mail-Adresse ein Konto anzulegen.',
    action: 'Konto anlegen',
    outro: 'Der Link gilt einmal, 7 Tage lang. Wenn Sie kein Konto möchten, ignorieren Sie diese E-Mail.'
  },
  mail_sign_in: {
    subject: 'Anmelden',
    intro:
      'jemand möchte sich per E-Mail bei Ihrem Konto bei {{product}} anmelden. Wenn Sie das waren, öffnen Sie diesen Link in dem Browser, in dem Sie darum gebeten haben:',
    action: 'Anmelden',
    outro:
      'Link und Code gelten einmal, 10 Minuten lang. Geben Sie den Code niemandem. Wenn Sie das nicht waren, ignorieren Sie diese E-Mail: Ohne sie wird niemand angemeldet.'
  },
  passkey_added: {
    subject: 'Ein Passkey wurde hinzugefügt',
    intro:
      'zu Ihrem Konto bei {{product}} wurde ein Passkey hinzugefügt. Mit ihm meldet man sich ohne Passwort an. Wenn Sie das nicht waren, entfernen Sie ihn und ändern Sie Ihr Passwort:',
    action: 'Konto öffnen',
    outro: 'Wenn Sie es waren, ist nichts zu tun.'
  },
  passkey_removed: {
    subject: 'Ein Passkey wurde entfernt',
    intro:
      'von Ihrem Konto bei {{product}} wurde ein Passkey entfernt. Wenn Sie das nicht waren, ändern Sie Ihr Passwort und beenden Sie die anderen Sitzungen:',
    action: 'Konto öffnen',
    outro: 'Wenn Sie es waren, ist nichts zu tun.'
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
  },
  username_changed: {
    subject: 'Ihr Benutzername wurde geändert',
    intro:
      'Ihr Konto bei {{product}} hat von jetzt an diesen Benutzernamen: {{username}}. Wenn Sie ihn nicht geändert haben, setzen Sie jetzt ein neues Passwort:',
    action: 'Passwort zurücksetzen',
    outro: 'Wenn Sie das waren, ist nichts zu tun.'
  }
}
