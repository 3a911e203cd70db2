/** A response body that is JSON already, for documents that are made once and sent often. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
