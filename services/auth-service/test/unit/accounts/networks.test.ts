import { describe, expect, test } from 'vitest'
import { networkOf, parseAddress } from '../../../src/accounts/networks.ts'

describe('the network of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
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

describe('an address that a proxy names', () => {
  test.each(['unknown', '_hidden', '192.0.2', '192.0.2.1:x', '[::1', 'a'.repeat(100)])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})
