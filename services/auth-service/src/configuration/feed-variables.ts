import { oneOf, wholeNumber } from '@countersign/service-kit'

/** The revocation feed over HTTP. */
export const feedVariables = {
  revocationFeedAccess: {
    name: 'REVOCATION_FEED_ACCESS',
    schema: oneOf(['token', 'open']).default('token'),
    description:
      'who may follow the revocation feed over HTTP: `token` requires a token with the scope `revocations:read`, `open` requires nothing, and needs a loopback address as `HOST`. `npm start` sets `open`'
  },
  revocationFeedStreams: {
    name: 'REVOCATION_FEED_STREAMS',
    schema: wholeNumber({ min: 1, max: 100_000, unit: 'streams' }).default(1000),
    description:
      'maximum streams of the feed of one replica; one client may have half of them (rounded up). A further stream gets 503'
  }
}
