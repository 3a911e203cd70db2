const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether a text can be the id of a user, session or token here. Only such a text may reach SQL as one. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuid.test(text)
}

/** A client id: what form encoding, HTTP Basic and SQL all leave as it is. */
export const clientIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
