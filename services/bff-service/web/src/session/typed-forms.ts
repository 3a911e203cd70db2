/** Which forms have unsaved input: their elements are marked, whatever page made them. */
const attribute = 'data-typed'

/** Marks each form that a person types into or chooses in. */
export function markTypedForms(page: Document): void {
  page.addEventListener('input', ({ target }) => {
    if (target instanceof Element) target.closest('form')?.setAttribute(attribute, '')
  })
}

/** Whether leaving this page would lose input. */
export function hasTypedForm(page: Document): boolean {
  return page.querySelector(`form[${attribute}]`) !== null
}
