import { type FormErrors, type UseFormInput, useForm } from '@mantine/form'
import { type SyntheticEvent, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { type FieldWishes, refusedFields, valueAt } from './refused-fields.ts'

interface PageFormInput<Values> extends Pick<UseFormInput<Values>, 'validate'> {
  initialValues: Values
  /** The rule of a field, shown when the service rejects its value. */
  wishes?: FieldWishes<Values>
}

export type PageForm<Values extends object> = ReturnType<typeof usePageForm<Values>>

/**
 * Every form of these pages: it reads its fields when it is sent, says at each field what is wrong, and moves the focus to
 * the first of these. What belongs to no field is its `problem`, which stands above the button.
 */
export function usePageForm<Values extends object>({ initialValues, validate, wishes = {} }: PageFormInput<Values>) {
  const element = useRef<HTMLFormElement>(null)
  const [problem, setProblem] = useState<unknown>()
  const form = useForm<Values>({
    mode: 'uncontrolled',
    initialValues,
    ...(validate && { validate }),
    enhanceGetInputProps: ({ field }) => (isText(String(field)) ? { name: String(field) } : undefined)
  })

  function isText(path: string): boolean {
    return typeof valueAt(form.getValues(), path) === 'string'
  }

  /** Password managers and browsers fill fields without an event. */
  function readFields(sent: HTMLFormElement): void {
    for (const [name, text] of new FormData(sent)) {
      if (isText(name)) form.setFieldValue(name as never, text as never, { forceUpdate: false })
    }
  }

  function showErrors(errors: FormErrors): void {
    // Rendered before the focus comes, so that a screen reader reads the sentence with the field.
    flushSync(() => form.setErrors(errors))
    if (element.current) focusFirst(element.current, errors)
  }

  return {
    ...form,
    problem,
    onSubmit(send: (values: Values) => void) {
      const check = form.onSubmit(send, showErrors)
      return (event: SyntheticEvent<HTMLFormElement>) => {
        element.current = event.currentTarget
        setProblem(undefined)
        readFields(event.currentTarget)
        check(event)
      }
    },
    /** Shows why the service rejected the form. `known` are sentences of the page for fields that it can name itself. */
    refuse(error: unknown, known?: Record<string, string>) {
      const { errors, isAll } = known
        ? { errors: known, isAll: true }
        : refusedFields(error, wishes, form.getValues() as Record<string, unknown>)
      setProblem(isAll ? undefined : error)
      showErrors(errors)
    }
  }
}

function focusFirst(form: HTMLFormElement, errors: FormErrors): void {
  const fields = [...form.querySelectorAll<HTMLElement>('[data-path]')]
  const field = fields.find(({ dataset: { path = '' } }) => errors[path])
  const input = field?.matches('input, select, textarea') ? field : field?.querySelector<HTMLElement>('input, textarea')
  input?.focus({ preventScroll: true })
  input?.scrollIntoView({ block: 'center' })
}
