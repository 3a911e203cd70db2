import { Converter } from 'typedoc'

/** A TypeDoc plugin that keeps what is thrown in the text of `@throws {TypeError} when …`; TypeDoc drops it. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { comment } of Object.values(project.reflections)) {
      for (const tag of comment?.blockTags ?? []) {
        const type = tag.typeAnnotation?.replace(/^\{|\}$/g, '')
        if (tag.tag !== '@throws' || !type) continue
        tag.content.unshift({ kind: 'code', text: `\`${type}\`` }, { kind: 'text', text: ' ' })
      }
    }
  })
}
