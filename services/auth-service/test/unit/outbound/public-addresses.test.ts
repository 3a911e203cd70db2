import { describe, expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from '../../../src/outbound/public-addresses.ts'

describe('addresses of the public internet', () => {
  test.each(['1.1.1.1', '8.8.8.8', '203.0.112.255', '2606:4700:4700::1111', '2a00:1450:4001:830::200e'])(
    '%s is one',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    }
  )

  test.each([
    ['this network', '0.0.0.0', '0.1.2.3', '::'],
    ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1', '100.127.255.254'],
    ['link-local, with the metadata of clouds', '169.254.169.254', 'fe80::1', 'fd00:ec2::254'],
    ['unique local and site-local', 'fc00::1', 'fd12:3456::1', 'fec0::1'],
    ['multicast and broadcast', '224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1'],
    ['reserved, documentation and benchmarks', '240.0.0.1', '192.0.0.1', '192.0.2.1', '198.18.0.1', '2001:db8::1'],
    ['IPv4 mapped into IPv6', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:a00:1'],
    ['IPv4-compatible IPv6', '::127.0.0.1', '::808:808'],
    ['NAT64', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::a00:1'],
    ['6to4 and Teredo', '2002:7f00:1::', '2002:a00:1::1', '2001::1'],
    ['discard-only', '100::1'],
    ['no address', '', 'localhost', '127.1', '1.1.1.1.', '1.1.1.1%eth0', 'fe80::1%eth0']
  ])('%s is none', (_, ...addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([])
  })

  test('loopback is recognized, and a mapped form of it is not', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.0.0.1', 'x'].filter(isLoopbackAddress)).toEqual([
      '127.0.0.1',
      '127.9.9.9',
      '::1'
    ])
  })
})
