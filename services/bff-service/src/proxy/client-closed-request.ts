import { OAuthError } from '@countersign/oauth'

/** 499, as in nginx: the browser disconnected before there was a response. Only the log and the metrics see it. */
export class ClientClosedRequestError extends OAuthError {
  readonly code = 'client_closed_request'
  readonly status = 499

  constructor() {
    super('The request was aborted.', { detail: 'the browser disconnected before the response' })
  }
}
