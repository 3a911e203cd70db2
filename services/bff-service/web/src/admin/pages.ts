/** The pages of the administration but for the dashboard, whose charts are a chunk of their own. */
export { ApiPage } from './apis/api-page.tsx'
export { ApisPage } from './apis/apis-page.tsx'
export { AuditPage } from './audit/audit-page.tsx'
export { ClientPage } from './clients/client-page.tsx'
export { ClientsPage } from './clients/clients-page.tsx'
export { KeysPage } from './keys/keys-page.tsx'
export { UserPage } from './users/user-page.tsx'
export { UsersPage } from './users/users-page.tsx'
