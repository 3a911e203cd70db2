import { describe, expect, test } from 'vitest'
import { networkOf, parseAddress, prefixesOf, siteOf } from '../../../src/sign-in/networks.ts'

describe('the network of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:192.0.2.1', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:4711', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]:4711', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['no address', 'unknown'],
    ['', 'unknown']
  ])('of %j is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('the prefixes of an address', () => {
  test('are the /64, /56 and /48 of IPv6, with growing limits', () => {
    expect(prefixesOf('2001:db8:1:2345::6')).toEqual([
      { network: '2001:db8:1:2345::/64', limitFactor: 1 },
      { network: '2001:db8:1:2300::/56', limitFactor: 1.1 },
      { network: '2001:db8:1::/48', limitFactor: 1.25 }
    ])
    expect(siteOf('2001:db8:1:2345::6')).toBe('2001:db8:1::/48')
  })

  test.each(['192.0.2.1', '::ffff:192.0.2.1'])('of %s are only the IPv4 address', (address) => {
    expect(prefixesOf(address)).toEqual([{ network: '192.0.2.1', limitFactor: 1 }])
    expect(siteOf(address)).toBe('192.0.2.1')
  })
})

describe('an address that a proxy names', () => {
  test.each(['unknown', '_hidden', '192.0.2', '192.0.2.1:x', '[::1', 'a'.repeat(100)])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})
