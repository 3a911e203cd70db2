/** A failed start, with a message that tells the operator what to do; it is shown without a stack. */
export class StartError extends Error {
  override name: string = 'StartError'
}
