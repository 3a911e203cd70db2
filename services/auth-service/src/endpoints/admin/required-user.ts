import { NotFoundError } from '@countersign/oauth'
import type { UserAdministration } from '../../accounts/user-administration.ts'

/** @throws {NotFoundError} when there is no such user */
export async function requireUser(administration: Pick<UserAdministration, 'find'>, id: string) {
  const user = await administration.find(id)
  if (!user) throw unknownUser()
  return user
}

export function unknownUser(): NotFoundError {
  return new NotFoundError({ description: 'There is no user with this id.' })
}
