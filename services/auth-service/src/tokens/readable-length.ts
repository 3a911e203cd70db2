import { maxTokenLength } from '@countersign/verifier'

/** Whether verifiers accept a token of this length. */
export function isReadableLength(length: number): boolean {
  return length < maxTokenLength
}
