import { ErrorAlert } from '../components/error-alert.tsx'

/** A problem of the whole form; it is shown above the button. */
export function FormProblem({ form, message }: { form: { problem: unknown }; message?: string | undefined }) {
  return form.problem ? <ErrorAlert error={form.problem} message={message} /> : null
}
