import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { ApiAccessSection } from './api-access-section.tsx'
import { AppsSection } from './apps-section.tsx'
import { ChangeEmailSection } from './change-email-section.tsx'
import { ChangePasswordSection } from './change-password-section.tsx'
import { DeleteAccountSection } from './delete-account-section.tsx'
import { IdentitiesSection } from './identities-section.tsx'
import { LanguageSection } from './language-section.tsx'
import { OwnDataSection } from './own-data-section.tsx'
import { PasskeysSection } from './passkeys-section.tsx'
import { ProfileSection } from './profile-section.tsx'
import { SecondFactorsSection } from './second-factors-section.tsx'
import { SessionsSection } from './sessions-section.tsx'
import { VerifyEmailSection } from './verify-email-section.tsx'

export function AccountPage() {
  return (
    <Page title={say('account.title')} width="medium">
      <ProfileSection />
      <VerifyEmailSection />
      <ChangeEmailSection />
      <ChangePasswordSection />
      <PasskeysSection />
      <IdentitiesSection />
      <SecondFactorsSection />
      <LanguageSection />
      <SessionsSection />
      <AppsSection />
      <ApiAccessSection />
      <OwnDataSection />
      <DeleteAccountSection />
    </Page>
  )
}
