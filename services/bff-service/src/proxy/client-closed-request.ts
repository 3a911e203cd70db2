import { OAuthError } from '@countersign/oauth'

/** 499, as nginx counts it: the browser has left before there was an answer. Nobody reads this one but the log and the metrics. */
export class ClientClosedRequestError extends OAuthError {
  readonly code = 'client_closed_request'
  readonly status = 499

  constructor() {
    super('The request was broken off.', { detail: 'the browser has left before the answer' })
  }
}
