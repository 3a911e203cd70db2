/** Which forms hold what a person has typed: their elements say so themselves, whatever page made them. */
const attribute = 'data-typed'

/** Marks each form that a person types into or chooses in. */
export function markTypedForms(page: Document): void {
  page.addEventListener('input', ({ target }) => {
    if (target instanceof Element) target.closest('form')?.setAttribute(attribute, '')
  })
}

/** Whether something would be lost with this page. */
export function hasTypedForm(page: Document): boolean {
  return page.querySelector(`form[${attribute}]`) !== null
}
