import { showAccountData } from './account/account-data.ts'
import { requestDeletion } from './account/account-deletion.ts'
import { listApps, removeApp } from './account/apps.ts'
import {
  claimAuthorizationRequest,
  decideAuthorizationRequest,
  releaseAuthorizationRequest,
  showAuthorizationRequest
} from './account/authorization-requests.ts'
import { confirmEmailChange, requestEmailChange, undoEmailChange } from './account/email-change.ts'
import { confirmEmail, requestEmailVerification } from './account/email-verification.ts'
import { finishIdentityLink, listIdentities, startIdentityLink, unlinkIdentity } from './account/identities.ts'
import { acceptInvitation, showInvitation } from './account/invitations.ts'
import { login } from './account/login.ts'
import { logout, logoutAll, logoutOthers } from './account/logout.ts'
import { showLogoutRequest } from './account/logout-requests.ts'
import { mailSignIn, requestMailSignIn } from './account/mail-sign-in.ts'
import { changeMe, me } from './account/me.ts'
import { beginPasskeySignIn, beginPasskeyStepUp, passkeySignIn, passkeyStepUp } from './account/passkey-sign-in.ts'
import { addPasskey, beginPasskey, listPasskeys, removePasskey, renamePasskey } from './account/passkeys.ts'
import { changePassword } from './account/password.ts'
import { confirmPasswordReset, requestPasswordReset } from './account/password-reset.ts'
import { finishProviderSignIn, listOfferedProviders, startProviderSignIn } from './account/provider-sign-in.ts'
import { finishProviderStepUp, startProviderStepUp } from './account/provider-step-up.ts'
import { refresh } from './account/refresh.ts'
import { register, showRegistration } from './account/register.ts'
import {
  beginTotp,
  confirmTotp,
  removeTotp,
  removeTrustedDevice,
  renewRecoveryCodes,
  showSecondFactors
} from './account/second-factors.ts'
import { endSession, listSessions } from './account/sessions.ts'
import { confirmEnrolment, enrol, mailEnrolmentCode, showFactor } from './account/sign-in-flow.ts'
import { stepUp } from './account/step-up.ts'
import { changeUsername } from './account/username.ts'
import { changeApi, createApi, deleteApi, listApis, showApi } from './admin/apis.ts'
import { listAuditEvents } from './admin/audit.ts'
import {
  addClientSecret,
  changeClient,
  createClient,
  dropOlderClientSecret,
  listClients,
  showClient
} from './admin/clients.ts'
import { showInstallation } from './admin/installation.ts'
import { createInvitation, listInvitations, sendInvitation, withdrawInvitation } from './admin/invitations.ts'
import { listKeys, revokeKey, rotateKeys } from './admin/keys.ts'
import { listDeadMail, retryMail } from './admin/mail.ts'
import { changeProvider, createProvider, deleteProvider, listProviders, showProvider } from './admin/providers.ts'
import { changeRole, createRole, deleteRole, listRoles, showRole } from './admin/roles.ts'
import { showActivity, showStatistics } from './admin/statistics.ts'
import { resetSecondFactors, showUserCredentials, unlinkUserIdentity } from './admin/user-credentials.ts'
import { exportUserLines, importUserLines } from './admin/user-files.ts'
import {
  changeUser,
  deleteUser,
  endUserSession,
  endUserSessions,
  listUserSessions,
  listUsers,
  showUser
} from './admin/users.ts'
import { authorize, authorizeByForm, completeAuthorization, pushRequest } from './oauth/authorize.ts'
import { forwardAuth } from './oauth/forward-auth.ts'
import { introspect } from './oauth/introspect.ts'
import { beginLogout, beginLogoutByForm, completeLogout } from './oauth/logout.ts'
import { issuerMetadataRoutes, jwks } from './oauth/metadata.ts'
import { revocationCheck, revocationFeed } from './oauth/revocations.ts'
import { revoke } from './oauth/revoke.ts'
import { token } from './oauth/token.ts'
import { showUserinfo, showUserinfoByPost } from './oauth/userinfo.ts'

/** Routes of users, for their own accounts. */
const accountRoutes = [
  showRegistration,
  register,
  login,
  showFactor,
  mailEnrolmentCode,
  enrol,
  confirmEnrolment,
  requestMailSignIn,
  mailSignIn,
  stepUp,
  beginPasskeySignIn,
  passkeySignIn,
  beginPasskeyStepUp,
  passkeyStepUp,
  listPasskeys,
  beginPasskey,
  addPasskey,
  renamePasskey,
  removePasskey,
  refresh,
  logout,
  logoutAll,
  logoutOthers,
  listSessions,
  endSession,
  me,
  changeMe,
  showAccountData,
  requestDeletion,
  changeUsername,
  changePassword,
  showSecondFactors,
  beginTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  removeTrustedDevice,
  requestPasswordReset,
  confirmPasswordReset,
  requestEmailVerification,
  confirmEmail,
  requestEmailChange,
  confirmEmailChange,
  undoEmailChange,
  showInvitation,
  acceptInvitation,
  listOfferedProviders,
  startProviderStepUp,
  finishProviderStepUp,
  startProviderSignIn,
  finishProviderSignIn,
  listIdentities,
  startIdentityLink,
  finishIdentityLink,
  unlinkIdentity,
  showAuthorizationRequest,
  claimAuthorizationRequest,
  releaseAuthorizationRequest,
  decideAuthorizationRequest,
  showLogoutRequest,
  listApps,
  removeApp
] as const

/** Routes of admins, and of services with the scope `statistics:read`. */
const adminRoutes = [
  listUsers,
  importUserLines,
  exportUserLines,
  showUser,
  changeUser,
  deleteUser,
  showUserCredentials,
  resetSecondFactors,
  unlinkUserIdentity,
  listUserSessions,
  endUserSessions,
  endUserSession,
  listInvitations,
  createInvitation,
  sendInvitation,
  withdrawInvitation,
  listApis,
  createApi,
  showApi,
  changeApi,
  deleteApi,
  listRoles,
  createRole,
  showRole,
  changeRole,
  deleteRole,
  listProviders,
  createProvider,
  showProvider,
  changeProvider,
  deleteProvider,
  listKeys,
  rotateKeys,
  revokeKey,
  listClients,
  createClient,
  showClient,
  changeClient,
  addClientSecret,
  dropOlderClientSecret,
  listDeadMail,
  retryMail,
  showInstallation,
  showStatistics,
  showActivity,
  listAuditEvents
] as const

/** What standard clients and verifiers use. */
const oauthRoutes = [
  authorize,
  authorizeByForm,
  pushRequest,
  completeAuthorization,
  beginLogout,
  beginLogoutByForm,
  completeLogout,
  token,
  revoke,
  introspect,
  showUserinfo,
  showUserinfoByPost,
  jwks,
  revocationFeed,
  revocationCheck,
  forwardAuth
] as const

/** Every route except health and metrics, which the service kit adds, and `/openapi.json` and `/docs`, which describe these. */
export function routesOf(issuer: string) {
  return [...accountRoutes, ...adminRoutes, ...oauthRoutes, ...issuerMetadataRoutes(issuer)] as const
}
