/** A start that cannot go on, with a message that tells the operator what to do; it is shown as it is, without a stack. */
export class StartError extends Error {
  override name: string = 'StartError'
}
