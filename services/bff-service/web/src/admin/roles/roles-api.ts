import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { ChangedRole, NewRole, Role, RoleChange, RolePage } from '../../api/types.ts'
import { readWholeList } from '../../api/whole-list.ts'

const rolesKey = ['admin', 'roles'] as const

function pathOf(name: string): string {
  return `/account/admin/roles/${encodeURIComponent(name)}`
}

export function useRoles(cursor: string | undefined) {
  return useQuery({
    queryKey: [...rolesKey, 'list', cursor],
    queryFn: ({ signal }) => request<RolePage>('/account/admin/roles', { query: { cursor, limit: 20 }, signal }),
    placeholderData: keepPreviousData
  })
}

/** Roles to choose from. */
export function useAllRoles() {
  return useQuery({
    queryKey: [...rolesKey, 'all'],
    queryFn: ({ signal }) =>
      readWholeList(async (cursor) => {
        const query = { cursor, limit: 100 }
        const { roles, next_cursor } = await request<RolePage>('/account/admin/roles', { query, signal })
        return { items: roles, next: next_cursor }
      })
  })
}

export function useRole(name: string) {
  return useQuery({
    queryKey: [...rolesKey, 'one', name],
    queryFn: ({ signal }) => request<Role>(pathOf(name), { signal })
  })
}

export function useCreateRole() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewRole) => request<Role>('/account/admin/roles', { method: 'POST', body }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: rolesKey })
    }
  })
}

export function useChangeRole(name: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: RoleChange) => request<ChangedRole>(pathOf(name), { method: 'PATCH', body }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: rolesKey })
    }
  })
}

/** Deletes the role; its page is left, and not read again. */
export function useDeleteRole(name: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (_: undefined) => request(pathOf(name), { method: 'DELETE' }),
    onSuccess: () => {
      for (const part of ['list', 'all']) void client.invalidateQueries({ queryKey: [...rolesKey, part] })
    }
  })
}
