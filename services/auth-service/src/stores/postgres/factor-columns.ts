import { Prisma } from '@countersign/prisma'
import { adminRole } from '../../accounts/first-admin.ts'

/** The kinds of second factors that a row of `users` has. */
export const secondFactors = Prisma.raw(`array_remove(ARRAY[
  CASE WHEN EXISTS (SELECT FROM totp_factors t WHERE t.user_id = users.id) THEN 'totp' END,
  CASE WHEN EXISTS (SELECT FROM passkeys p WHERE p.user_id = users.id) THEN 'passkey' END], NULL)`)

export const isAdmin = Prisma.raw(`'${adminRole}' = ANY(users.roles)`)
