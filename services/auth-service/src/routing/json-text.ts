/** A response body that is already JSON, for documents that are made once and sent often. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
