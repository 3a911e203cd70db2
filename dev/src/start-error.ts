/** A start that cannot go on. Its message is written for the terminal: what is wrong, and the way out. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
