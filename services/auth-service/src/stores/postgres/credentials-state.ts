import { Prisma } from '@countersign/prisma'

/**
 * Of a row of `users`, `text`: another one after each change of a credential. By the moment as well, since version 0.1 changes
 * passwords without a new version of the credentials.
 */
export const credentialsState = Prisma.raw(`concat(credentials_version, ' ', extract(epoch FROM password_set_at))`)
