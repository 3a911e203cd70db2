import { describe, expect, it } from 'vitest'
import {
  protectedResourceDocument,
  protectedResourceMetadataUrl
} from '../../../src/http/protected-resource-metadata.ts'

describe('protected-resource metadata (RFC 9728)', () => {
  it('lives between host and path (§3.1)', () => {
    const url = protectedResourceMetadataUrl
    expect(url('https://api.example.com')).toBe('https://api.example.com/.well-known/oauth-protected-resource')
    expect(url('https://api.example.com/')).toBe('https://api.example.com/.well-known/oauth-protected-resource')
    expect(url('https://api.example.com/v1?a=b')).toBe(
      'https://api.example.com/.well-known/oauth-protected-resource/v1?a=b'
    )
  })

  it('takes a mistake as a TypeError', () => {
    const options = { resource: 'https://api.example.com', authorizationServers: ['https://auth.example.com'] }
    expect(() => protectedResourceDocument({ ...options, resource: 'x' })).toThrow(/^resource/)
    expect(() => protectedResourceDocument({ ...options, authorizationServers: [] })).toThrow(/^authorizationServers/)
    expect(() => protectedResourceDocument({ ...options, authorizationServers: ['x'] })).toThrow(
      /^authorizationServers/
    )
  })
})
