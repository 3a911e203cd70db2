/** What is likely behind the codes that Node's fetch keeps in the cause of its "fetch failed". */
const likelyMistakes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at this host and port',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host cannot be resolved',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server speaks plain http there, not https',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server speaks plain http there, not https',
  UND_ERR_SOCKET: 'the server has closed the connection; it may speak https there, not http',
  ECONNRESET: 'the server has closed the connection; it may speak https there, not http',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is not trusted; see NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is not trusted; see NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is not trusted; see NODE_EXTRA_CA_CERTS'
}

/** What went wrong when something was fetched, and the likely mistake behind it. Holds no URL. */
export function likelyMistakeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not an Error'
  const { code, message } = (error.cause ?? {}) as { code?: unknown; message?: unknown }
  const parts = [error.message, code ?? message, typeof code === 'string' ? likelyMistakes[code] : undefined]
  return parts.filter((part) => typeof part === 'string' && part !== '').join(': ')
}
