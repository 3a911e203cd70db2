import { type ComponentType, lazy } from 'react'
import { Route, Routes } from 'react-router'
import { AccountDeletionPage } from './account/account-deletion-page.tsx'
import { AccountPage } from './account/account-page.tsx'
import { ChangeEmailPage, VerifyEmailPage } from './account/verify-email-page.tsx'
import { AuthorizeErrorPage } from './authorize/authorize-error-page.tsx'
import { AuthorizePage } from './authorize/authorize-page.tsx'
import { SignOutPage } from './authorize/sign-out-page.tsx'
import { NotFoundPage } from './layout/not-found-page.tsx'
import { AcceptInvitationPage } from './session/accept-invitation-page.tsx'
import { ForgotPasswordPage } from './session/forgot-password-page.tsx'
import { MailSignInPage } from './session/mail-sign-in-page.tsx'
import { RegisterPage } from './session/register-page.tsx'
import { RequireAdmin } from './session/require-admin.tsx'
import { RequireSession } from './session/require-session.tsx'
import { ResetPasswordPage } from './session/reset-password-page.tsx'
import { SignInPage } from './session/sign-in-page.tsx'
import { UndoEmailPage } from './session/undo-email-page.tsx'
import { Shell } from './shell/shell.tsx'
import { openAdministration } from './texts/language.ts'

type AdminPages = typeof import('./admin/pages.ts')

/** All pages of the administration are one chunk, which nobody loads who has no use for it. */
function adminPage(name: keyof AdminPages) {
  return lazyWithTexts(async () => (await import('./admin/pages.ts'))[name] as ComponentType)
}

function lazyWithTexts(load: () => Promise<ComponentType>) {
  return lazy(async () => {
    const [page] = await Promise.all([load(), openAdministration()])
    return { default: page }
  })
}

const DashboardPage = lazyWithTexts(async () => (await import('./admin/dashboard/dashboard-page.tsx')).DashboardPage)
const UsersPage = adminPage('UsersPage')
const UserPage = adminPage('UserPage')
const InvitationsPage = adminPage('InvitationsPage')
const ApisPage = adminPage('ApisPage')
const ApiPage = adminPage('ApiPage')
const RolesPage = adminPage('RolesPage')
const RolePage = adminPage('RolePage')
const KeysPage = adminPage('KeysPage')
const ClientsPage = adminPage('ClientsPage')
const ClientPage = adminPage('ClientPage')
const ProvidersPage = adminPage('ProvidersPage')
const MailPage = adminPage('MailPage')
const AuditPage = adminPage('AuditPage')

export function AppRoutes() {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route path="/sign-in" element={<SignInPage />} />
        <Route path="/sign-in/mail" element={<MailSignInPage />} />
        <Route path="/register" element={<RegisterPage />} />
        <Route path="/forgot-password" element={<ForgotPasswordPage />} />
        <Route path="/reset-password" element={<ResetPasswordPage />} />
        <Route path="/account-deletion" element={<AccountDeletionPage />} />
        <Route path="/change-email" element={<ChangeEmailPage />} />
        <Route path="/undo-email" element={<UndoEmailPage />} />
        <Route path="/accept-invitation" element={<AcceptInvitationPage />} />
        <Route path="/verify-email" element={<VerifyEmailPage />} />
        <Route path="/authorize" element={<AuthorizePage />} />
        <Route path="/authorize/error" element={<AuthorizeErrorPage />} />
        <Route path="/sign-out" element={<SignOutPage />} />
        <Route element={<RequireSession />}>
          <Route path="/" element={<AccountPage />} />
          <Route path="/admin" element={<RequireAdmin />}>
            <Route index element={<DashboardPage />} />
            <Route path="users" element={<UsersPage />} />
            <Route path="users/:id" element={<UserPage />} />
            <Route path="invitations" element={<InvitationsPage />} />
            <Route path="apis" element={<ApisPage />} />
            <Route path="apis/:id" element={<ApiPage />} />
            <Route path="roles" element={<RolesPage />} />
            <Route path="roles/:name" element={<RolePage />} />
            <Route path="keys" element={<KeysPage />} />
            <Route path="clients" element={<ClientsPage />} />
            <Route path="clients/:clientId" element={<ClientPage />} />
            <Route path="providers" element={<ProvidersPage />} />
            <Route path="mail" element={<MailPage />} />
            <Route path="audit" element={<AuditPage />} />
          </Route>
        </Route>
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  )
}
